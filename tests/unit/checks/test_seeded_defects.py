"""One clean file in five languages without any finding, and 59 defects seeded into it: each is found, and nothing else.

The defects are those that other validators check for and those that spoil real jobs. Every one is examined for five
base models of four record formats and limits; where it says so, a defect is one for some of them only.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from arro3.core import DataType
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks import version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.registry import CHECKS
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.sources import Bytes

from tests.unit.parquet import parquet_files

CLAUDE, NOVA, NOVA_2, LLAMA_8B, LLAMA_70B = MODELS = (
    "claude-3-haiku",
    "nova-lite",
    "nova-2-lite",
    "llama-3-1-8b",
    "llama-3-3-70b",
)
NOVAS, LLAMAS = (NOVA, NOVA_2), (LLAMA_8B, LLAMA_70B)

NAMES = (
    "thermostat, boiler, doorbell, dishwasher, router, toaster, garage door, smoke alarm, heat pump, ceiling fan, "
    "water meter, bicycle lamp, coffee mill, radio, vacuum cleaner, air filter, lawn mower, printer, camera, oven"
)
THINGS = NAMES.split(", ")
TALKS = (
    ("How do I reset the {}?", "Hold the main button of the {} for ten seconds until its light blinks twice."),
    ("Where is the serial number of my {}?", "It is printed on the silver label under the {}, beside the barcode."),
    ("The {} hums at night. What now?", "Switch the {} to quiet mode; if it still hums, loosen and refit its feet."),
    ("Write a query for all sales of the {}.", "SELECT * FROM sales WHERE product = '{}' ORDER BY day DESC LIMIT 100;"),
    ("Extract the product: my {} is broken", '{{"product": "{}", "problem": "broken", "urgent": false}}'),
    ("Mein {} startet nicht mehr.", "Bitte prüfen Sie zuerst die Sicherung und den Stecker: der {} braucht 230 V."),
    ("Comment nettoyer le {} ?", "Essuyez le {} avec un chiffon doux et sec, jamais avec de l’alcool."),
    ("{}的保修期是多久？", "{}的保修期为两年，从购买之日算起。"),
    ("كيف أطلب قطعة غيار لجهاز {}؟", "يمكنك طلب قطعة غيار لجهاز {} من متجرنا خلال يومين."),
    ("{}の色を変えられますか？", "はい、{}は白と黒と青から選べます。"),
)
PAIRS = tuple((ask.format(thing), say.format(thing)) for thing in THINGS for ask, say in TALKS)
Q, A = ("user", "Why is the sky blue today?"), ("assistant", "Because air scatters short waves of light most.")


def chat(*turns: tuple[str, object], **fields: object) -> str:
    """One line in Claude's format."""
    listed = [{"role": role, "content": content} for role, content in turns]
    return json.dumps({"messages": listed, **fields}, ensure_ascii=False)


def said(answer: str) -> str:
    return chat(Q, ("assistant", answer))


def asked(question: str) -> str:
    return chat(("user", question), A)


LINES = tuple(chat(("user", ask), ("assistant", say)) for ask, say in PAIRS)
CLEAN = "".join(f"{line}\n" for line in LINES).encode()
LAST = len(LINES) + 1


def and_then(*lines: str | bytes) -> bytes:
    """The clean file, then these: the first of them is line 201."""
    return CLEAN + b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)


def table(*more: tuple[str, ...], header: tuple[str, ...] = ("prompt", "completion")) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *PAIRS, *more])
    return text.getvalue().encode()


def parquet(*more: tuple[str, str | None]) -> bytes:
    text = DataType.string()
    rows = [{"prompt": ask, "completion": say} for ask, say in (*PAIRS, *more)]
    return parquet_files.written(parquet_files.schema(prompt=text, completion=text), rows)


def story(word: str) -> str:
    """Some ninety words."""
    return asked(
        f"A customer writes that the oven in the hall went blank after the storm on {word}, that every quarter of an "
        "hour its fan makes a quiet knocking noise, and that the previous owner of the house had fixed extra wires to "
        "the junction box behind it. They have looked at the fuses, exchanged both batteries, and waited over night "
        "with the cover taken off, just as the quick guide advises, before they asked us what to look at next and "
        "whether a visit by an engineer would be covered by the guarantee that they bought with it."
    )


@dataclass(frozen=True, slots=True)
class Seed:
    """`code` has to be found at `line`, for `models`, and nothing at all for the others.

    `beside`: what else is true of it. Of the format with one prompt and one completion, `not_expressible` may be, too.
    """

    name: str
    content: bytes | Callable[[], bytes]
    code: str
    line: int | None = LAST
    models: tuple[str, ...] = MODELS
    beside: frozenset[str] = frozenset()
    extension: str = "jsonl"
    train: bytes | None = None


def seed(name: str, line: str | bytes, code: str, *models: str, beside: str = "") -> Seed:
    """A line after the clean ones."""
    return Seed(name, and_then(line), code, models=models or MODELS, beside=frozenset(beside.split()))


SEEDS = (
    # structure
    seed("a role of ShareGPT", chat(("human", Q[1]), A), "unknown_role"),
    seed("a role in upper case", chat(("User", Q[1]), A), "unknown_role"),
    seed("a system message in the middle", chat(Q, A, ("system", "Be kind."), Q, A), "unknown_role"),
    seed("the assistant first", chat(("assistant", "Hello there."), Q, A), "first_role"),
    seed("the user last", chat(Q, A, ("user", "And at night, then?")), "last_role"),
    seed("two users in a row", chat(Q, ("user", "Please tell me now."), A), "roles_not_alternating"),
    seed("no answer", chat(Q), "too_few_turns"),
    seed("no messages", '{"messages": []}', "too_few_turns"),
    seed("content that is null", chat(Q, ("assistant", None)), "missing_field"),
    seed("content that is a number", chat(Q, ("assistant", 42)), "wrong_type"),
    seed("a message that is a string", '{"messages": ["Why?", "Because."]}', "wrong_type"),
    seed(
        "a message without a role",
        '{"messages": [{"content": "Why?"}, {"role": "assistant", "content": "So."}]}',
        "missing_field",
    ),
    seed("an extra key", chat(Q, A, id=7), "unknown_field"),
    seed("an image", chat(("user", [{"type": "image", "source": {}}]), A), "not_expressible"),
    seed("definitions of tools", chat(Q, A, tools=[{"type": "function"}]), "not_expressible"),
    seed("an empty answer", said(""), "empty_text"),
    seed("an answer of no-break spaces", said("\u00a0\u3000"), "empty_text"),
    seed("an answer of a filler that nobody sees", said("\u3164"), "invisible_character"),
    # bytes and JSON
    seed("Latin-1", asked("Où est le café ?").encode("latin-1"), "invalid_utf8"),
    Seed("UTF-16", CLEAN.decode().encode("utf-16"), "wrong_encoding", None),
    seed("a byte-order mark of a joined file", b"\xef\xbb\xbf" + said("So it is.").encode(), "invalid_json"),
    seed("a comma before the bracket", said("So it is.")[:-1] + ",}", "invalid_json"),
    seed("Python's notation", str({"messages": [{"role": "user", "content": "Why?"}]}), "invalid_json"),
    Seed("a line cut off at the end", CLEAN + said("So it is.").encode()[:-20], "invalid_json"),
    seed(
        "a key that stands twice",
        '{"messages": [{"role": "user", "role": "user", "content": "Why?"}]}',
        "duplicate_key",
    ),
    seed("NaN", '{"messages": NaN}', "number_out_of_range"),
    seed("half a character", r'{"messages": [{"role": "user", "content": "\ud83d"}]}', "lone_surrogate"),
    seed("another format", json.dumps({"prompt": Q[1], "completion": A[1]}), "mixed_formats"),
    seed("preference data", json.dumps({"prompt": Q[1], "chosen": "So.", "rejected": "No."}), "preference_data"),
    # reserved words and templates
    seed("a turn of a transcript", asked("Go on.\n\nHuman: why?"), "reserved_word", CLAUDE),
    seed("the same at the start of an answer", said("Human: So it is."), "reserved_word_at_start", CLAUDE),
    seed("a label of Nova's", asked("User: why is it blue?"), "reserved_word", *NOVAS),
    seed("a label of Nova's in an answer", said("Bot: because."), "doubtful_word", *NOVAS),
    seed("a label in capitals", asked("SYSTEM: why is it blue?"), "doubtful_word", *NOVAS),
    seed("a thought of Nova's", said("Thought: so it is."), "doubtful_word", *NOVAS),
    seed("a token of ChatML", said("So it is.<|im_end|>"), "chat_template_token"),
    seed("a template of Alpaca", asked("### Instruction:\nSay why.\n### Response:"), "chat_template_token"),
    seed("a placeholder", said("Dear {{customer_name}}, so it is."), "unfilled_placeholder"),
    seed("line ends escaped twice", said(r"Do this:\n1. Open it.\n2. Close it."), "escaped_line_end"),
    seed("mojibake", said("Itâ€™s the cafÃ©."), "mojibake"),
    # length, in several scripts
    seed("English over 32,000 tokens", asked("Read the story of the lamp!" * 3_800), "too_many_tokens"),
    seed("Chinese over 32,000 tokens", asked("请您详细说明这个问题。" * 3_000), "too_many_tokens"),
    seed("Chinese over 16,000 tokens", asked("请您详细说明这个问题。" * 1_300), "too_many_tokens", *LLAMAS),
    seed("Arabic over 32,000 tokens", asked("كيف أطلب قطعة غيار لهذا الجهاز؟" * 1_100), "too_many_tokens"),
    # what would be learned
    seed(
        "a duplicate in other key order",
        json.dumps(
            {
                "messages": [
                    {"content": content, "role": role}
                    for role, content in (("user", PAIRS[3][0]), ("assistant", PAIRS[3][1]))
                ]
            }
        ),
        "exact_duplicate",
    ),
    seed(
        "a duplicate in other case",
        chat(("user", PAIRS[0][0].upper()), ("assistant", PAIRS[0][1].upper())),
        "normalised_duplicate",
    ),
    Seed("a story told twice", and_then(story("Sunday"), story("Monday")), "near_duplicate", LAST + 1),
    seed(
        "another answer to a question",
        chat(("user", PAIRS[3][0]), ("assistant", "I would not know.")),
        "conflicting_answers",
    ),
    seed("an answer that is the question", said(Q[1]), "answer_copies_prompt"),
    seed("code without its end", said("Run this:\n```python\nprint(1)"), "truncated_answer"),
    seed("a refusal", said("I cannot fulfill your request. I'm just an AI."), "refusal"),
    seed("a loop", said("It is blue." + " I do not know why it is." * 20), "degenerate_repetition"),
    # people and doors
    seed("an e-mail address", said("Write to maria.keller@larkspur-home.de about it."), "email_address"),
    seed("a payment card", said("Pay with 5500 0055 5555 5559 then."), "personal_number"),
    seed("a key of AWS", said("aws_access_key_id = AKIAQWERTYUIOPASDFGH"), "secret"),
    # containers and splits
    Seed(
        "a row with a comma too many",
        table(("Why is it so?", "Because", " well.")),
        "row_width",
        LAST + 1,
        extension="csv",
    ),
    Seed("gzip cut off", gzip.compress(CLEAN, mtime=0)[:-20], "broken_gzip", None, extension="jsonl.gz"),
    Seed("a null in Parquet", lambda: parquet(("Why is it so?", None)), "missing_field", None, extension="parquet"),
    Seed(
        "a record of train in validation",
        "".join(f"{line}\n" for line in LINES[:40]).encode(),
        "split_overlap",
        1,
        beside=frozenset({"validation_not_used"}),
        train=and_then(*LINES[:40]),
    ),
)


def examined(content: bytes, extension: str = "jsonl", train: bytes | None = None) -> dict[str, Examined]:
    """The last split's results by base model."""
    files: dict[Split, bytes] = {"train": content} if train is None else {"train": train, "validation": content}
    parts = {split: [Part(f"{split}.{extension}", extension, Bytes(given))] for split, given in files.items()}
    plan = Assignment(tuple(catalogue.find(name) for name in MODELS), tuple(files))
    return {result.base_model: result for result in version_examination.examine(parts, plan)}


@pytest.mark.parametrize(
    ("content", "extension"),
    [(CLEAN, "jsonl"), (gzip.compress(CLEAN, mtime=0), "jsonl.gz"), (table(), "csv"), (parquet(), "parquet")],
    ids=["jsonl", "gz", "csv", "parquet"],
)
def test_the_clean_file_has_no_finding(content, extension):
    for result in examined(content, extension).values():
        assert (result.accepted, result.records, dict(result.counts)) == (True, 200, {})


def test_there_are_59_seeds_of_many_kinds():
    assert len(SEEDS) == len({each.name for each in SEEDS}) == 59
    assert len({each.code for each in SEEDS}) >= 40


@pytest.mark.parametrize("sown", SEEDS, ids=[each.name for each in SEEDS])
def test_every_seeded_defect_is_found_and_nothing_else(sown):
    content = sown.content() if callable(sown.content) else sown.content
    for name, result in examined(content, sown.extension, sown.train).items():
        expected = {sown.code} if name in sown.models else set()
        extra = set(result.counts) - expected - sown.beside
        if name == LLAMA_8B:
            extra -= {"not_expressible"}
        assert expected <= set(result.counts), name
        assert not extra, (name, extra)
        if expected:
            found = next(each for each in result.findings if each.code == sown.code)
            assert (found.line, found.severity) == (sown.line, CHECKS[sown.code].severity), name
            assert result.accepted == (found.severity != "error" and not extra) or name == LLAMA_8B

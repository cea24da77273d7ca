"""Mending: what has one meaning is written as JSON Lines, everything else stays as it is, and no text ever changes."""

from __future__ import annotations

import ast
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tunedrop.domain.mending import almost_json, fields, lenient_reading
from tunedrop.domain.mending.mend_file import MENDS, Mender
from tunedrop.domain.reading.split_files import Part, SplitFileReader
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.sources import Bytes

GOOD = {"prompt": "Why?", "completion": "Because."}
CHAT = {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]}


def mend(*raws: bytes) -> tuple[list[bytes], dict[str, int]]:
    mender = Mender()
    lines = list(mender.lines(Element(number, raw) for number, raw in enumerate(raws, start=1)))
    assert mender.written == len(lines)
    return lines, {mend.what: mend.count for mend in mender.mends}


def one(raw: bytes) -> tuple[object, set[str]]:
    lines, mends = mend(raw)
    return [json.loads(line) for line in lines], set(mends)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b'{"prompt": "Why?", "completion": "Because."},', "comma_removed"),
        (b'{"prompt": "Why?", "completion": "Because.",}', "comma_removed"),
        (b'{"prompt": "Why?", "completion": "Because." , }  ,', "comma_removed"),
        (b'\xef\xbb\xbf{"prompt": "Why?", "completion": "Because."}', "separator_removed"),
        (b'\x1e{"prompt": "Why?", "completion": "Because."}', "separator_removed"),
        (b'\xc2\xa0{"prompt": "Why?", "completion": "Because."}', "separator_removed"),
        (b"{'prompt': 'Why?', 'completion': \"Because.\"}", "python_notation"),
        (b'{"prompt": "Why?", "prompt": "Why?", "completion": "Because."}', "repeated_key_removed"),
        (b'{"Prompt": "Why?", "completion ": "Because."}', "field_renamed"),
        (b'{"prompt": "Why?", "completion": "Because.", "id": 7}', "field_removed"),
        (b'{"prompt": "Why?", "completion": "Because.", "_id": "65f1-a.b"}', "field_removed"),
        (b'{"prompt": "Why?", "completion": "Because.", "notes": null}', "field_removed"),
        (b'{"prompt": "Why?", "completion": "Because.", "system": " "}', "empty_system_removed"),
    ],
)
def test_what_has_one_meaning_is_mended(raw, what):
    assert one(raw) == ([GOOD], {what})


@pytest.mark.parametrize("role", ["USER", "human", " user ", "Human"])
def test_a_role_spelt_otherwise_gets_its_name(role):
    said = {"messages": [{"role": role, "content": "Why?"}, {"role": "assistant ", "content": "Because."}]}
    assert one(json.dumps(said).encode()) == ([CHAT], {"role_renamed"})


def said(*turns: tuple[str, object], **more: object) -> dict[str, object]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]} | more


BLOCKS = said(
    ("user", [{"text": "Why?"}]), ("assistant", [{"text": "Because."}]), schemaVersion="bedrock-conversation-2024"
)
PYTHON = "[{'role': 'user', 'content': 'Why?'}, {'role': 'assistant', 'content': \"Because.\"}]"
NUMPY = "[{'role': 'user', 'content': 'Why?'}\n {'role': 'assistant', 'content': 'Because.'}]"


@pytest.mark.parametrize(
    ("document", "right", "whats"),
    [
        ({"messages": json.dumps(CHAT["messages"])}, CHAT, {"list_parsed"}),
        ({"messages": PYTHON}, CHAT, {"list_parsed", "python_notation"}),
        ({"messages": NUMPY}, CHAT, {"list_parsed", "python_notation"}),
        ({"messages": json.dumps(CHAT["messages"])[:-1] + ",]"}, CHAT, {"list_parsed", "comma_removed"}),
        ({**BLOCKS, "system": "S"}, {**BLOCKS, "system": [{"text": "S"}]}, {"form_corrected"}),
        ({**BLOCKS, "system": {"text": "S"}}, {**BLOCKS, "system": [{"text": "S"}]}, {"form_corrected"}),
        ({**CHAT, "schemaVersion": BLOCKS["schemaVersion"]}, BLOCKS, {"form_corrected"}),
        ({**BLOCKS, "messages": said(("user", ["Why?"]), ("assistant", {"text": "Because."}))["messages"]}, BLOCKS,
         {"form_corrected"}),
        ({**BLOCKS, "messages": [{**CHAT["messages"][0], "content": [{"type": "text", "text": "Why?"}]},
                                 CHAT["messages"][1]]}, BLOCKS, {"form_corrected"}),
        ({**CHAT, "system": [{"type": "text", "text": "S"}]}, {**CHAT, "system": "S"}, {"form_corrected"}),
        ({**CHAT, "system": {"text": "S"}}, {**CHAT, "system": "S"}, {"form_corrected"}),
        (said(("user", {"type": "text", "text": "Why?"}), ("assistant", "Because.")),
         said(("user", [{"type": "text", "text": "Why?"}]), ("assistant", "Because.")), {"form_corrected"}),
        ({"messages": [{"role": "user", "text": "Why?"}, {"role": "model", "text": "Because."}]}, CHAT,
         {"field_renamed", "role_renamed"}),
        ({"conversations": [{"speaker": "customer", "text": "Why?"}, {"speaker": "agent", "text": "Because."}]},
         {"conversations": CHAT["messages"]}, {"field_renamed", "role_renamed"}),
        ({"conversation": [{"input": "Why?", "output": "Because."}]}, {"conversation": CHAT["messages"]},
         {"pair_parted"}),
        ({"messages": [{"user": "Why?", "assistant": "Because."}]}, CHAT, {"pair_parted"}),
    ],
)  # fmt: skip
def test_a_conversation_with_one_meaning_is_written_as_its_format_does(document, right, whats):
    assert one(json.dumps(document).encode()) == ([right], whats)


@pytest.mark.parametrize("speakers", [("human", "gpt"), ("Human", "GPT "), ("user", "bing"), ("prompter", "chatgpt")])
def test_the_names_of_sharegpts_relatives_become_those_that_are_read(speakers):
    turns = [{"from": name, "value": text} for name, text in zip(speakers, ("Why?", "Because."), strict=True)]
    (document,), _ = one(json.dumps({"conversations": turns}).encode())
    entry = next(iter(SplitFileReader([Part("x", "jsonl", Bytes(json.dumps(document).encode()))])))
    assert [(turn.role, turn.blocks[0].text) for turn in entry.record.turns] == [
        ("user", "Why?"),
        ("assistant", "Because."),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"conversations": [{"from": "agent", "value": "a"}, {"from": "bing", "value": "b"}]},  # two for one side
        {"messages": [{"role": "user", "content": "a", "text": "b"}]},  # which text?
        {"messages": [{"speaker": "user", "author": "gpt", "text": "b"}]},
        {"conversations": ["Why?", "Because."]},
        {"messages": "[{'role': open('x')}]"},
        {"messages": "[1], 'other': [2]"},
        {**CHAT, "system": [{"type": "text", "text": "S"}, {"type": "text", "text": "T"}]},
        {**CHAT, "system": [{"type": "image"}]},
        {**BLOCKS, "system": 7},
    ],
)
def test_a_conversation_that_may_mean_two_things_is_left(document):
    assert fields.mend(document) == (document, ())


def test_a_raw_tab_in_a_string_is_the_same_tab_escaped():
    assert one(b'{"prompt": "a\tb", "completion": "c"}') == (
        [{"prompt": "a\tb", "completion": "c"}],
        {"control_character_escaped"},
    )


def test_two_objects_on_a_line_get_a_line_each():
    lines, mends = mend(b'{"prompt": "a", "completion": "b"} {"prompt": "c", "completion": "d"}')
    assert [json.loads(line)["prompt"] for line in lines] == ["a", "c"]
    assert set(mends) == {"line_split"}


def test_an_exact_duplicate_is_left_out_whatever_the_order_of_its_fields():
    lines, mends = mend(
        b'{"prompt": "Why?", "completion": "Because."}', b'{"completion": "Because.", "prompt": "Why?"}'
    )
    assert len(lines) == 1
    assert mends == {"duplicate_removed": 1}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"prompt": "Why?", "prompt": "How?", "completion": "Because."}',  # which one?
        b'{"prompt": "Why?", "completion": "Beca',  # the rest is not known
        b'{"prompt": "Why?" "completion": "Because."}',
        b'{"prompt": "caf\xe9", "completion": "Because."}',  # in which encoding?
        b'{"prompt": "a", "completion": "b"} oops {"prompt": "c", "completion": "d"}',
        b'{"prompt": "a", "completion": NaN}',
        b'{"prompt": "half \\ud83d", "completion": "b"}',
        b"{'prompt': open('x'), 'completion': 'b'}",
        b"{'prompt': 'a', 'prompt': 'b', 'completion': 'c'}",
        b"oops",
        b"[1, 2]",
        b"{" * 5000,
        b"{'a':" * 1500,
        b'{"prompt": "a\\\tb", "completion": "c"}',  # an escaped tab is no escape: it may mean t or a tab
        b"{'prompt': 0x" + b"f" * 4000 + b"}",
    ],
)
def test_what_could_mean_two_things_stays_byte_for_byte(raw):
    assert mend(raw) == ([raw + b"\n"], {})


@pytest.mark.parametrize(
    "document",
    [
        {"Prompt": "a", "prompt": "b", "completion": "c"},  # two prompts
        {"prompt": "a", "completion": "b", "id": "a sentence of somebody"},
        {"prompt": "a", "completion": "b", "remark": "sport"},
        {"question": "which?", "category": "sport"},  # the answer, perhaps
        {"messages": [{"role": "narrator", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x", "weight": 0}]},
        {"prompt": " a ", "completion": "b\u0000"},
        {"prompt": None, "completion": "b"},
    ],
)
def test_fields_that_may_mean_something_are_left(document):
    assert fields.mend(document) == (document, ())


def test_what_is_good_keeps_its_bytes():
    raw = b'{ "prompt" :"caf\\u00e9 \\/ x",  "completion":"\xf0\x9f\x98\x80"}'
    assert mend(raw) == ([raw + b"\n"], {})


@pytest.mark.parametrize(
    "raw",
    [
        b"{'a': " + b"1+" * 50_000 + b"1}",
        b"{'a': " + b"-" * 100_000 + b"1}",
        b"{'a': b" + b".c" * 50_000 + b"}",
        b"{'a': [" + b"1," * 200_001 + b"1]}",
        b'{"a": [' + b"[]," * 200_001 + b"],}",
    ],
    ids=["sums", "signs", "names", "values", "lists"],
)
def test_what_parsers_would_need_much_room_for_is_not_given_to_them(raw):
    tracemalloc.start()
    found = almost_json.mend(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ()
    assert peak < 12 * len(raw)


def test_an_element_over_several_lines_that_means_nothing_hides_no_records_in_them():
    broken = b'{"prompt": "a", oops\r\n{"prompt": "Why?", "completion": "Because."},\n\n{"prompt": 3}}'
    once, mends = mend(broken)
    assert once == [
        b'{"prompt": "a", oops\n',
        b'{"prompt": "Why?", "completion": "Because."}\n',
        b'{"prompt": 3}}\n',
    ]
    assert mends == {"comma_removed": 1}
    assert mend(*(line.removesuffix(b"\n") for line in once)) == (once, {})


def test_lines_that_never_become_an_object_are_not_told_as_put_on_one():
    mender = Mender()
    content = b'{\n"prompt": "a",\n"completion": [\n'
    assert list(mender.lines(lenient_reading.read(Bytes(content), "json", mender))) == [
        b"{\n",
        b'"prompt": "a",\n',
        b'"completion": [\n',
    ]
    assert mender.mends == []


def test_an_object_over_more_lines_than_it_can_have_values_is_not_held():
    numbered = ((number, b"[") for number in range(1, 200_010))
    assert [(first, len(raw)) for first, raw in almost_json.gathered(numbered, 10**9)] == [(1, 399_999), (200_001, 17)]


def test_a_row_with_a_cell_that_cannot_be_read_is_mended_as_its_line_would_be():
    mender = Mender()
    rows = [{"messages": "[{", "id": "7"}, {"messages": "[]", "id": "8"}]
    lines = list(mender.lines(Element(number, row) for number, row in enumerate(rows, start=2)))
    assert lines == [b'{"messages": "[{"}\n', b'{"messages": []}\n']
    assert [(mend.what, mend.count, mend.lines) for mend in mender.mends] == [
        ("list_parsed", 1, [3]),
        ("field_removed", 2, [2, 3]),
    ]


def test_the_first_lines_of_each_mend_are_told():
    mender = Mender()
    raws = [b'{"prompt": "%d", "completion": "b"},' % number for number in range(20)]
    list(mender.lines(Element(number, raw) for number, raw in enumerate(raws, start=11)))
    assert [(mend.what, mend.count, mend.lines) for mend in mender.mends] == [
        ("comma_removed", 20, [11, 12, 13, 14, 15])
    ]


def test_every_mend_has_words():
    assert all(words and not words.endswith(".") for words in MENDS.values())


def test_objects_over_several_lines_are_put_together():
    spread = json.dumps(CHAT, indent=2) + "\n" + json.dumps(GOOD, indent=4)
    numbered = list(enumerate(spread.encode().split(b"\n"), start=1))
    found = list(almost_json.gathered(numbered, 10**6))
    assert [json.loads(raw) for _, raw in found] == [CHAT, GOOD]
    assert [number for number, _ in found] == [1, 1 + json.dumps(CHAT, indent=2).count("\n") + 1]


def test_an_object_that_never_closes_does_not_swallow_the_next():
    numbered = list(enumerate([b"{", b'  "prompt": "a",', b"{", b'  "prompt": "b"', b"}"], start=1))
    found = list(almost_json.gathered(numbered, 10**6))
    assert found == [(1, b'{\n  "prompt": "a",'), (3, b'{\n  "prompt": "b"\n}')]


TEXT = some.text(some.characters(exclude_categories=["Cs"]))
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(10**9), 10**9) | TEXT,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
RECORDS = some.dictionaries(some.sampled_from(["prompt", "completion", "note"]) | TEXT, VALUES, max_size=4)


def texts(value: object) -> list[str]:
    """Every string in a value, keys and identifiers apart, sorted."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            waiting += each.values()
    return sorted(found)


@given(RECORDS)
def test_pythons_notation_gives_everything_back(document):
    assert [found.document for found in almost_json.mend(repr(document).encode())] == [document]


@given(some.dictionaries(some.sampled_from(["prompt", "Prompt", "completion ", "note"]), VALUES, max_size=4))
def test_a_mended_object_has_all_the_texts_it_had(document):
    mended, _ = fields.mend(document)
    assert texts(mended) == texts(document)


NAMES = some.sampled_from(
    ["role", "from", "speaker", "content", "value", "text", "message", "Role ", "input", "output"]
)
SAYINGS = TEXT | some.sampled_from(
    ["human", "GPT", " user", "agent", "customer", "bot", "[]", '[{"text": "a"}]', "[{'a': 1}]"]
)
TURNS = some.dictionaries(NAMES, SAYINGS | some.lists(SAYINGS | some.fixed_dictionaries({"text": SAYINGS}), max_size=2))
CONVERSATIONS = some.dictionaries(
    some.sampled_from(["messages", "conversations", "system", "schemaVersion", "prompt", "completion", "id"]),
    some.lists(TURNS | TURNS.map(lambda turn: {**turn, "role": "user"}), max_size=3)
    | SAYINGS
    | TURNS
    | some.lists(TURNS, max_size=3).map(json.dumps)
    | some.lists(TURNS, max_size=3).map(repr),
    max_size=4,
)


@given(CONVERSATIONS)
def test_mending_a_conversation_twice_changes_nothing_more(document):
    once, _ = fields.mend(document)
    assert fields.mend(once) == (once, ())


@given(CONVERSATIONS)
def test_nothing_is_ever_trained_on_that_its_author_did_not_write(document):
    lines, _ = mend(json.dumps(document).encode())
    reader = SplitFileReader([Part("x", "jsonl", Bytes(b"".join(lines)))])
    trained = [text for entry in reader if entry.record for _, _, text in entry.record.texts]
    assert set(trained) <= set(written(document))


def written(document: object) -> Iterator[str]:
    """Every text that somebody wrote into an object, in lists that stand as text, too."""
    for text in texts(document):
        yield text
        for parse in (json.loads, ast.literal_eval):
            with suppress(ValueError, SyntaxError):
                yield from texts(parse(text))


@given(RECORDS)
def test_mending_twice_changes_nothing_more(document):
    once, _ = fields.mend(document)
    assert fields.mend(once) == (once, ())


@given(some.binary(max_size=300) | TEXT.map(str.encode))
def test_whatever_the_bytes_mending_gives_lines_and_no_exception(raw):
    lines, mends = mend(raw)
    assert all(line.endswith(b"\n") for line in lines)
    if not mends and lines:
        assert raw.strip(b" \t\r\n") == lines[0].strip(b" \t\r\n") or b"\n" in raw


@given(some.text("{}[]\",:\\ \tabc'0", max_size=40))
def test_what_looks_like_json_is_mended_into_what_the_strict_reader_takes(text):
    for found in almost_json.mend(text.encode()):
        assert strict_json.parse(almost_json.encode(found.document)) == found.document

"""What is said: texts that Bedrock or the tuned model would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunedrop.base_models.catalogue import BaseModel
from tunedrop.checks import samples
from tunedrop.checks.registry import Example, Spot, check
from tunedrop.data import formats, tokens
from tunedrop.data.records import Record

_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_INVISIBLE = re.compile(r"[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


@check(
    code="empty_text",
    shared=True,
    words="A text is empty or blank.",
    hint="Write something, or take the record out.",
    example=Example(samples.line("Why?", "   ")),
)
def empty_text(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Every text says something, every turn has content."""
    for _, path, text in record.texts:
        if not text.strip():
            yield Spot(path, "The text is blank." if text else "The text is empty.")
    for turn in record.turns:
        if not turn.blocks:
            yield Spot(f"{turn.path}.content", "The message has no content.")


@check(
    code="not_expressible",
    words="The base model's training format has no place for something in the record.",
    hint="Take it out, or tune a base model whose format holds it.",
    example=Example(
        '{"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}, '
        '{"role": "assistant", "content": "A cat."}]}',
        among="messages",
    ),
)
def not_expressible(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Text only, and no more turns than the format holds."""
    for where, block in record.blocks():
        if block.text is None:
            yield Spot(block.path, f"A block in {where} that is not text; this release trains on text only.")
    for defect in formats.FORMATS[base_model.record_format].obstacles(record):
        yield Spot(defect.path, defect.message, defect.hint)


@check(
    code="reserved_word",
    words="A text holds a word that the base model reserves; the training job would fail.",
    hint="Write it differently, for instance without the colon.",
    example=Example(samples.line("Go on.\n\nHuman: Why?")),
)
def reserved_word(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """None of the base model's reserved words where it looks for them (bedrock-facts 2.4, 3.2)."""
    for where, path, text in record.texts:
        for rule in base_model.reserved:
            found = [word for word in rule.words if where in rule.where and word in text]
            if found:
                quoted = ", ".join(ascii(word) for word in found)
                yield Spot(path, f"Holds {quoted}, reserved by {base_model.name}.")


@check(
    code="nul_character",
    shared=True,
    words="A text holds the character U+0000.",
    hint="Take it out: it is the trace of binary data.",
    example=Example('{"prompt": "Why?\\u0000", "completion": "Because."}'),
    absent=lambda block, _: b"\\u0000" not in block,
)
def nul_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """No NUL in any text."""
    for _, path, text in record.texts:
        if "\0" in text:
            yield Spot(path, f"U+0000 at character {text.index(chr(0)) + 1}.")


@check(
    code="control_character",
    shared=True,
    severity="warning",
    words="A text holds control characters other than tab and line ends.",
    hint="They are carried as they are; take them out if they came from a terminal or a PDF.",
    example=Example('{"prompt": "Why?\\u0007", "completion": "Because."}'),
)
def control_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """C0 controls and DEL."""
    for _, path, text in record.texts:
        if match := _CONTROLS.search(text):
            yield Spot(path, f"U+{ord(match[0]):04X} at character {match.start() + 1}.")


@check(
    code="invisible_character",
    shared=True,
    severity="warning",
    words="A text holds invisible characters: direction overrides, zero-width spaces or tags.",
    hint="They are carried as they are; they can hide text from a reader that the model sees.",
    example=Example('{"prompt": "Why?\\u200b", "completion": "Because."}'),
)
def invisible_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Characters that nobody sees. Joiners of emoji and of Persian are no such."""
    for _, path, text in record.texts:
        if not text.isascii() and (match := _INVISIBLE.search(text)):
            yield Spot(path, f"U+{ord(match[0]):04X} at character {match.start() + 1}.")


def _estimate(record: Record) -> int:
    return tokens.estimate(text for _, _, text in record.texts)


@check(
    code="too_many_tokens",
    words="The record is longer than the base model takes, by estimate.",
    hint="Shorten it or split it. The estimate is described under Tokens.",
    example=Example(
        '{"prompt": "a a a …", "completion": "Because."}', build=lambda: samples.line("a " * 50_000).encode()
    ),
)
def too_many_tokens(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """The estimate stays within the limit."""
    estimated, limit = _estimate(record), base_model.limits.record_tokens
    if estimated > limit:
        yield Spot("$", f"About {estimated:,} tokens; {base_model.name} takes {limit:,}.")


@check(
    code="near_token_limit",
    severity="warning",
    words="The record may be longer than the base model takes: the limit lies within the estimate's margin.",
    hint="If Bedrock refuses the data, shorten this record first.",
    example=Example(
        '{"prompt": "a a a …", "completion": "Because."}', build=lambda: samples.line("a " * 46_000).encode()
    ),
)
def near_token_limit(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """The limit is not within the estimator's margin."""
    estimated, limit = _estimate(record), base_model.limits.record_tokens
    if limit / (1 + tokens.MARGIN) < estimated <= limit:
        yield Spot("$", f"About {estimated:,} tokens; {base_model.name} takes {limit:,}.")

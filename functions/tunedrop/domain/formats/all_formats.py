"""The formats that records are read from and written to, and the detection of an object's format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.base_models.catalogue import RecordFormat
from tunedrop.domain.formats import (
    alpaca,
    claude_messages,
    conversation_kinds,
    converse,
    field_mapping,
    layouts,
    openai_chat,
    pairs,
    prompt_completion,
    shapes,
    sharegpt,
    untrainable_shapes,
)
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.defects import Defect, shown
from tunedrop.domain.records.record import Document, Reading, Record, Written

SourceFormat = Literal[
    "prompt_completion", "messages", "converse", "openai_chat", "alpaca", "sharegpt", "pairs", "mapped"
]
"""Formats that are read; the first three are also written."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class RecordSource:
    """A format that can be read."""

    name: SourceFormat
    title: str
    read: Callable[[Document], Reading]
    example: str


@dataclass(frozen=True, slots=True)
class Format:
    """A format that Bedrock takes: how to read and write it, and what of a record it cannot hold."""

    name: RecordFormat
    title: str
    read: Callable[[Document], Reading]
    write: Callable[[Record], Written]
    obstacles: Callable[[Record], Iterator[Defect]]
    example: str


FORMATS: Mapping[RecordFormat, Format] = {
    "prompt_completion": Format(
        "prompt_completion",
        "Prompt and completion",
        prompt_completion.read,
        prompt_completion.write,
        prompt_completion.obstacles,
        prompt_completion.EXAMPLE,
    ),
    "messages": Format(
        "messages",
        "Claude messages",
        claude_messages.read,
        claude_messages.write,
        claude_messages.obstacles,
        claude_messages.EXAMPLE,
    ),
    "converse": Format(
        "converse",
        "Converse (`bedrock-conversation-2024`)",
        converse.read,
        converse.write,
        converse.obstacles,
        converse.EXAMPLE,
    ),
}


def _mapped(given: FieldMapping) -> RecordSource:
    return RecordSource("mapped", "Other fields or columns, with a mapping", given.read, field_mapping.EXAMPLE)


SOURCES: Mapping[SourceFormat, RecordSource] = {
    **{name: RecordSource(each.name, each.title, each.read, each.example) for name, each in FORMATS.items()},
    "openai_chat": RecordSource("openai_chat", "OpenAI chat", openai_chat.read, openai_chat.EXAMPLE),
    "alpaca": RecordSource("alpaca", "Alpaca", alpaca.read, alpaca.EXAMPLE),
    "sharegpt": RecordSource("sharegpt", "ShareGPT", sharegpt.read, sharegpt.EXAMPLE),
    "pairs": RecordSource("pairs", "Question and answer, input and output", pairs.read, pairs.EXAMPLE),
    "mapped": _mapped(FieldMapping("customer_says", "agent_says")),
}

_ONE_FAMILY = {"openai_chat": "messages"}
"""In an OpenAI file, records without a system message look like Claude's, so both may be in one file."""


def agree(first: SourceFormat, other: SourceFormat) -> bool:
    """Whether records of both formats may be in one file."""
    return _ONE_FAMILY.get(first, first) == _ONE_FAMILY.get(other, other)


def detect(
    document: Document, given: FieldMapping | None = None, expected: SourceFormat | None = None, *, first: bool = True
) -> RecordSource | Defect:
    """Detect an object's format by its field names, ignoring case and surrounding blanks.

    A mapping wins if it applies. `expected` is the format of the records before this one, if any; the `first` of a file
    may hold all of it.
    """
    if given is not None and given.applies(document):
        return _mapped(given)
    names = shapes.folded(document)
    if defect := untrainable_shapes.known(document, names):
        return defect
    if first and expected is None and (defect := layouts.identify(document, names)):
        return defect
    if turns := sharegpt.list_name(names):
        return _answered_apart(document, names, turns) or _conversation(document, names, turns)
    return _single(document, names, expected)


def _answered_apart(document: Document, names: frozenset[str], turns: str) -> Defect | None:
    """The defect of a conversation that ends with a question, and has the answer in a field beside it."""
    apart = next((name for name in pairs.ANSWERS if name in names), None) if len(names) > 1 else None
    listed = document.get(turns)
    last = listed[-1] if apart and isinstance(listed, list) and listed else None
    if not isinstance(last, dict) or str(last.get("role", last.get("from"))) not in {"user", "human"}:
        return None
    message = f"The record holds a conversation that ends with a question, and {apart} beside it."
    kept = '{"role": "assistant", "content": "…"}' if "role" in last else '{"from": "gpt", "value": "…"}'
    return Defect("ambiguous_format", message, hint=f"If that is the answer, write it as the last of {turns}: {kept}.")


def _of_pairs(document: Document) -> list[str]:
    return [name for name in document if shapes.fold(name) in {"prompt", "completion"}]


def _conversation(document: Document, names: frozenset[str], turns: str) -> RecordSource | Defect:
    if prompt_completion.detect(names):
        message = "One record holds both a conversation and prompt or completion."
        return Defect("ambiguous_format", message, hint=shapes.leaving_out(_of_pairs(document)))
    if sharegpt.detect(document.get(turns)):
        return SOURCES["sharegpt"]
    if defect := conversation_kinds.of_turns(document.get(turns)):
        return defect
    if turns != "messages":
        return _renamed_chat(turns)
    if converse.detect(document):
        return SOURCES["converse"]
    return SOURCES["openai_chat" if openai_chat.detect(document) else "messages"]


def _renamed_chat(turns: str) -> RecordSource:
    """OpenAI's roles and contents in a list with ShareGPT's name."""

    def read(document: Document) -> Reading:
        return openai_chat.read(document, turns)

    return RecordSource("openai_chat", SOURCES["openai_chat"].title, read, openai_chat.EXAMPLE)


def _single(document: Document, names: frozenset[str], expected: SourceFormat | None) -> RecordSource | Defect:
    if alpaca.detect(names):
        return SOURCES["alpaca"]
    if {"prompt", "completion"} <= names or (prompt_completion.detect(names) and expected == "prompt_completion"):
        return SOURCES["prompt_completion"]
    if pairs.found(names):
        return conversation_kinds.of_items(document) or SOURCES["pairs"]
    if defect := untrainable_shapes.identify(document, names):
        return defect
    if prompt_completion.detect(names):
        return SOURCES["prompt_completion"]
    found = ", ".join(shown(name) for name in list(document)[:_NAMED]) or "no fields at all"
    return Defect(
        "unknown_format",
        f"The fields of no known format; found: {found}.",
        hint=field_mapping.suggestion(document) or _inside(document),
    )


def _inside(document: Document) -> str:
    """A hint if the record seems to be one level deeper, or its turns in a list; otherwise an empty string."""
    deeper = (name for name, value in document.items() if isinstance(value, dict) and _is_record(shapes.folded(value)))
    if (name := next(deeper, None)) is not None:
        return f"If the record is what {shown(name)} holds, write that on the line, without what is around it."
    return _texts_in_turn(document)


def _is_record(names: frozenset[str]) -> bool:
    return sharegpt.list_name(names) is not None or pairs.found(names) is not None


def _texts_in_turn(document: Document) -> str:
    """A hint if the only texts are in a list, which may be those of a conversation; otherwise an empty string."""
    lists = [name for name, value in document.items() if isinstance(value, list) and len(value) > 1]
    if len(lists) != 1 or not all(isinstance(text, str) for text in document[lists[0]]):
        return ""
    turns = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'
    return f"If the texts in {shown(lists[0])} are a conversation, write each record as {turns}, each side in its turn."

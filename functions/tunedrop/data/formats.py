"""The formats a record can be read from and written to, and which of them an object on a line means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tunedrop.base_models.catalogue import RecordFormat
from tunedrop.data import claude_messages, converse, prompt_completion
from tunedrop.data.defects import Defect, shown
from tunedrop.data.records import Document, Reading, Record, Written

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Format:
    """One shape of training data: reading, writing, and what it cannot hold."""

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


def detect(document: Document) -> Format | Defect:
    """The format this object is written in, judged by its field names; misspelt case and blanks are seen through."""
    names = frozenset(name.strip().strip("\ufeff").casefold() for name in document)
    has_messages, has_prompt = claude_messages.detect(names), prompt_completion.detect(names)
    if has_messages and has_prompt:
        return Defect("ambiguous_format", "One record holds both messages and prompt or completion.")
    if has_messages:
        return FORMATS["converse" if converse.detect(document) else "messages"]
    if has_prompt:
        return FORMATS["prompt_completion"]
    found = ", ".join(shown(name) for name in list(document)[:_NAMED]) or "no fields at all"
    return Defect("unknown_format", f"Neither prompt and completion nor messages; found: {found}.")

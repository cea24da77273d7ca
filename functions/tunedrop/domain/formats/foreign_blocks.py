"""Say what a block is that no training on text has a place for, and where its content lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tunedrop.domain.records.defects import Defect, shown
from tunedrop.domain.records.record import Block
from tunedrop.domain.texts.tool_blocks import RENDERING

_DEPTH = 4
"""Objects in each other that are looked through: image, source, s3Location, uri."""
_MEDIA = {
    "image": "An image",
    "image_url": "An image",
    "input_image": "An image",
    "document": "A document",
    "file": "A file",
    "input_file": "A file",
    "video": "A video",
    "video_url": "A video",
    "audio": "A sound recording",
    "input_audio": "A sound recording",
}
_FIELDS_OF_CALLS = ("tool_calls", "function_call")
_CALLS = frozenset({"tool_use", "toolUse", *_FIELDS_OF_CALLS})
_RESULTS = frozenset({"tool_result", "toolResult"})
_REASONING = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoningContent"})
_RESPONSES = frozenset({"input_text", "output_text"})
AS_TEXT = (
    f'Have definitions, calls and results of tools written as text by [tools] rendering = "{RENDERING}" in '
    "dataset.toml (docs/data-format.md), or remove the record."
)
SAY_IT = "remove the record, or say in words what it shows."
_HERE = SAY_IT.capitalize()
_ELSEWHERE = f"{_HERE} Outside Tunedrop, a job of your own trains Nova Lite, Pro or 2 Lite on it, once it lies in S3."
_HINTS = {"A video": _ELSEWHERE, "A sound recording": _HERE}
_MARKS = {"<image>": "image images", "<video>": "video videos", "<audio>": "audio audios"}
"""What stands in a text for what a field beside it names, and names of such fields."""


class Named(NamedTuple):
    """What a block is, as the beginning of a sentence, and what to do; empty if that depends on the base model."""

    what: str
    hint: str


def named(block: Block) -> Named:
    """Name a block that is not text. Nothing of its content is quoted."""
    kind = kind_of(block)
    if kind in _MEDIA:
        where = _where(block.opaque)
        return Named(f"{_MEDIA[kind]} {where}".rstrip(), _HINTS.get(_MEDIA[kind], ""))
    if kind in _CALLS or kind in _RESULTS:
        return Named("A call of a tool" if kind in _CALLS else "A tool's result", AS_TEXT)
    if kind in _REASONING:
        return Named("Reasoning", "Remove the block. Nova 2 Lite alone learns reasoning, as text of reasoningContent.")
    if kind in _RESPONSES:
        return Named("A text as OpenAI's Responses have it", 'Write it as {"type": "text", "text": "…"}')
    return Named("A block that is not text", "")


def beside(document: Mapping[str, Any], fields: Mapping[str, str]) -> Defect | None:
    """The defect of texts that refer to images in a field beside them; None if there are none.

    `fields` are names in lower case, and as they are written.
    """
    for mark, names in _MARKS.items():
        name = next((fields[name] for name in names.split() if name in fields), None)
        if name is not None and document[name] and any(mark in text for text in _spoken(document)):
            message = f"The texts refer to what the field {shown(name)} names ({mark}); this release trains on text."
            return Defect("not_expressible", message, hint=_HERE)
    return None


def _spoken(document: Mapping[str, Any]) -> Iterator[str]:
    for value in document.values():
        turns = value if isinstance(value, list) else [{"": value}]
        for turn in turns:
            yield from (text for text in turn.values() if isinstance(text, str)) if isinstance(turn, Mapping) else ()


def kind_of(block: Block) -> str:
    """What a block's type, its only field or the field that it stands in says that it is."""
    opaque, field = block.opaque, block.path.rpartition(".")[2]
    if not isinstance(opaque, Mapping) or field in _FIELDS_OF_CALLS:
        return field
    if isinstance(given := opaque.get("type"), str):
        return given
    if opaque.get("role") in ("tool", "function"):
        return "tool_result"
    (only,) = opaque if len(opaque) == 1 else (field,)
    return str(only)


def _where(opaque: Any) -> str:
    found = {_place(name, value) for name, value in _texts(opaque, _DEPTH)}
    return next((place for place in ("in S3", "as inline data", "by its address", "by an id") if place in found), "")


def _texts(found: Any, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in found.items() if isinstance(found, Mapping) and depth else ():
        if isinstance(value, str):
            yield name, value
        else:
            yield from _texts(value, depth - 1)


def _place(name: str, value: str) -> str:
    if value.startswith("s3://"):
        return "in S3"
    if name in {"data", "bytes", "file_data"} or value.startswith("data:"):
        return "as inline data"
    if value.startswith(("https://", "http://")):
        return "by its address"
    return "by an id" if name == "file_id" else ""

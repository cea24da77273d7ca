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
_HERE = "Remove the record, or say in words what it shows."
_ELSEWHERE = "Outside Tunedrop, a job of your own trains Nova Lite, Pro or 2 Lite on it"
_UPLOADED = (
    ", once it lies in S3: upload it with aws s3 cp FILE s3://BUCKET/KEY, and write "
    '{"%s": {"format": "%s", "source": {"s3Location": {"uri": "s3://BUCKET/KEY"}}}}'
)
_CONVERSE = {"An image": ("image", "png"), "A video": ("video", "mp4")}
"""What Nova trains on in S3 (docs/facts.md#records): its name in Converse, and a format of it."""
_MARKS = {"<image>": "image images", "<video>": "video videos", "<audio>": "audio audios"}
"""What stands in a text for what a field beside it names, and names of such fields."""


class Named(NamedTuple):
    """What a block is, as the beginning of a sentence, and what to do; empty for the check's own hint."""

    what: str
    hint: str


def named(block: Block) -> Named:
    """Name a block that is not text. Nothing of its content is quoted."""
    what = kind(block)
    if what in _MEDIA:
        where = _where(block.opaque)
        return Named(f"{_MEDIA[what]} {where}".rstrip(), _hint(what, where))
    if what in _CALLS or what in _RESULTS:
        return Named("A call of a tool" if what in _CALLS else "A tool's result", AS_TEXT)
    if what in _REASONING:
        return Named("Reasoning", "Remove the block. Nova 2 Lite alone learns reasoning, as text of reasoningContent.")
    if what in _RESPONSES:
        return Named("A text as OpenAI's Responses have it", 'Write it as {"type": "text", "text": "…"}')
    return Named("A block that is not text", "")


def _hint(kind: str, where: str) -> str:
    if _MEDIA[kind] not in _CONVERSE:
        return _HERE
    return f"{_HERE} {_ELSEWHERE}{'.' if where == 'in S3' else _UPLOADED % _CONVERSE[_MEDIA[kind]]}"


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


def kind(block: Block) -> str:
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

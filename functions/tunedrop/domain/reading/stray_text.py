"""Recognize JSON with something around it: a Markdown fence, a log's prefix, JavaScript, a spreadsheet's quotes."""

from __future__ import annotations

import json
import re

from tunedrop.domain.formats import layouts
from tunedrop.domain.records.defects import Defect

_LOOKED_AT = 20
"""Lines at the beginning of a file."""
_FENCE = re.compile(rb"^[ \t]*(?:```|~~~)", re.MULTILINE)
_JAVASCRIPT = re.compile(
    rb"(?:export\s+default|(?:const|var|let)\s+[\w$]+\s*=|module\.exports\s*=|[\w$.]{1,40}\()\s*[\[{]"
)
_YAML = re.compile(
    rb"(?:[\w-]{1,40}:[ \t]*\n)?[ \t]*- ([\w-]{1,40}):[ \t\n].*+\n?(?:(?:[ \t]{2}.*+)?\n)*?"
    rb"(?:[ \t]{2,}+[\w-]{1,40}:[ \t\n]|[ \t]*+- \1:[ \t\n])"
)
"""A list of mappings, with a second field, or a second record that has the same first field."""
_YAML_FIELD = re.compile(rb"\s*+(?:- )?[\w-]{1,40}:[ \t\n]")
_YAML_START = re.compile(rb"(?:(?:#|%YAML).*+\n)*+(?:---[ \t]*+\n)?+")
_QUOTED_OBJECT = re.compile(rb'"\{\s*""[^"]+""\s*:')
_WRAPPED = re.compile(
    rb'\{\s*+(?:"(?:[^"\\]|\\.)*+"\s*+:\s*+(?:"(?:[^"\\]|\\.)*+"|[-\d.eE+]++|true|false|null|\{[^{}]*+\}|\[[^\[\]{}]*+\])'
    rb'\s*+,\s*+)*+"((?:[^"\\]|\\.){1,40}+)"\s*+:\s*+\[\s*+\{\s*+"((?:[^"\\]|\\.){1,40}+)"'
)
_NO_TEXT = b" \t\x1e\xc2\xa0\xef\xbb\xbf"
"""Blanks, record separators, no-break spaces and byte-order marks, which others tell of."""
_NEXT_OBJECT = re.compile(rb"^\}\s*+,?\s*+\{", re.MULTILINE)


def _is(what: str, hint: str) -> Defect:
    return Defect("unsupported_file", f"The file is {what}.", hint=hint)


def identify(text: bytes) -> Defect | None:
    """The defect of a file's beginning, without a byte-order mark; None if it is of another kind."""
    lines = [line.strip() for line in text.split(b"\n")[:_LOOKED_AT] if line.strip()]
    if not lines:
        return None
    if _FENCE.match(lines[0]) or (lines[0][:1] not in b"{[" and _has_fence(text)):
        return _is("Markdown with JSON inside a fence", _OF_FENCE)
    if _JAVASCRIPT.match(text):
        return _is(
            "JavaScript with JSON inside", "Remove what stands before the first [ or { and after the last ] or }."
        )
    if _QUOTED_OBJECT.match(text):
        return _is("a table with JSON Lines in its cells, as a spreadsheet saves them", _OF_CELLS)
    if _is_yaml(text):
        return _is("YAML", _OF_YAML)
    return None if lines[0][:1] in b'{["' else _prefixed(lines)


_OF_FENCE = "Remove every line that begins with ```, and what stands before the first and after the last of them."
_OF_YAML = (
    "Read it with yaml.safe_load (yaml.safe_load_all, if --- parts it), and write each record in what it returns with "
    "json.dumps, one on each line."
)
_OF_CELLS = (
    'Write the text of each cell on a line of its own: it begins with { where "{ stands now, and has " where "" stands.'
)


def _has_fence(text: bytes) -> bool:
    """Whether sentences are followed by a fence around JSON. After a quotation mark it may be in a table's cell."""
    before, _, after = text.partition(b"\n```")
    return (
        b'"' not in before
        and before.count(b"\n") < _LOOKED_AT
        and after.partition(b"\n")[2].lstrip()[:1] in {b"{", b"["}
    )


def _is_yaml(text: bytes) -> bool:
    """Whether a text is a list of mappings, or mappings that --- parts; one alone may head a Markdown page."""
    start = _YAML_START.match(text)
    inner = text[start.end() :] if start else text
    if _YAML.match(inner):
        return True
    parts = inner.split(b"\n---\n")
    return text.startswith(b"---") and len(parts) > 1 and all(map(_YAML_FIELD.match, parts[:2]))


def _prefixed(lines: list[bytes]) -> Defect | None:
    """The defect of lines that each have something before their object, such as a log's time or a line number."""
    begun = [line.find(b"{") for line in lines[:4]]
    if (
        min(begun) < 1
        or not lines[0][: begun[0]].strip(_NO_TEXT)
        or not all(_is_object(line[start:]) for line, start in zip(lines, begun, strict=False))
    ):
        return None
    return _is(
        "JSON Lines with something before the object on each line",
        "Remove what stands before the first { of each line.",
    )


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def inner_list(text: bytes) -> str:
    """The name of the list that holds the records of one object spread over several lines; empty if there is none."""
    wrapped = _WRAPPED.match(text)
    if wrapped is None or _NEXT_OBJECT.search(text):
        return ""
    name, first = (part.decode("utf-8", "replace") for part in wrapped.groups())
    return name if name not in layouts.TURNS and layouts.is_record({first: None}) else ""

"""Detect what a file really is by its first bytes, whatever its name says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.formats import layouts
from tunedrop.domain.reading import signatures, stray_text
from tunedrop.domain.reading.gzipped import SIGNATURE as GZIP
from tunedrop.domain.reading.table_heads import SEPARATOR_LINE
from tunedrop.domain.records.defects import Defect

HEAD_BYTES = 64 * 1024
"""Bytes at the beginning of a file that are examined."""

Container = Literal["jsonl", "json", "csv", "tsv", "parquet", "gz"]
"""Kinds of files that can be read; `gz` contains one of the others."""

TITLES: dict[Container, str] = {
    "jsonl": "JSON Lines",
    "json": "a JSON array",
    "csv": "a CSV table",
    "tsv": "a tab-separated table",
    "parquet": "a Parquet file",
    "gz": "a gzip file",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A container, with its cell delimiter if it is a table."""

    container: Container
    delimiter: str = ""


# UTF-32 first: its little-endian byte-order mark begins with that of UTF-16.
_ENCODINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xfe\x00\x00|[^\x00]\x00\x00\x00[^\x00]\x00\x00\x00"), "UTF-32 (little-endian)"),
    (re.compile(rb"\x00\x00\xfe\xff|\x00\x00\x00[^\x00]\x00\x00\x00[^\x00]"), "UTF-32 (big-endian)"),
    (re.compile(rb"\xff\xfe|[^\x00]\x00[^\x00]\x00"), "UTF-16 (little-endian)"),
    (re.compile(rb"\xfe\xff|\x00[^\x00]\x00[^\x00]"), "UTF-16 (big-endian)"),
)
_ARRAY = re.compile(rb'\[\s*(?:[{"\]]|\[\s*["{\d-]|\Z)|\[[ \t\r]*\n')
_JSON_LIKE = re.compile(rb'\s*(?:\xc2\xa0|\xef\xbb\xbf)?\s*(?:[\[{"]|-?[0-9.]+\s*\Z|(?:true|false|null)\s*\Z)')
_QUOTED = re.compile(rb'"[^"]*"')
_TABLE_HEADS = frozenset(
    {"prompt", "completion", "question", "answer", "instruction", "input", "output", "response", "text", "label"}
)
_DELIMITERS: dict[str, Container] = {",": "csv", "\t": "tsv", ";": "csv", "|": "csv"}


def identify(head: bytes, extension: str = "") -> Found | Defect:
    """Identify the container by a file's first bytes, or return the defect that says what the file is instead.

    The extension, without `.gz`, only settles what the bytes leave open: any text may be a table's header.
    """
    for look in (_zeros, _signature, _encoding, signatures.is_binary, _markup, _stray, _json):
        if found := look(head):
            return found
    if not _text(head):
        promised = _PROMISED.get(extension, "")
        return Found(_DELIMITERS.get(promised, "jsonl"), promised)
    return _lone_carriage_returns(head) or _table(head, extension) or _lines_or_text(head)


def _is(what: str, hint: str) -> Defect:
    return Defect("unsupported_file", f"The file is {what}.", hint=hint)


def _zeros(head: bytes) -> Defect | None:
    if not head or head.strip(b"\x00"):
        return None
    return _is("nothing but zero bytes", "The upload or the disk lost the content: upload it again.")


def _signature(head: bytes) -> Found | Defect | None:
    if head.startswith(GZIP):
        return Found("gz")
    if head.startswith(b"PAR1"):
        return Found("parquet")
    return signatures.identify(head)


def _encoding(head: bytes) -> Defect | None:
    for pattern, name in _ENCODINGS:
        if pattern.match(head):
            return Defect("wrong_encoding", f"The file is encoded in {name}, not in UTF-8.")
    return None


def _markup(head: bytes) -> Defect | None:
    start = _text(head)[:256].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return _is("an HTML page", "A download often stores an error or log-in page like this: fetch the file again.")
    return _is("XML", "Export it as JSON Lines or CSV.") if start.startswith(b"<?xml") else None


def _stray(head: bytes) -> Defect | None:
    return stray_text.identify(_text(head))


def _json(head: bytes) -> Found | Defect | None:
    text = _text(head)
    if text.startswith(b"\x1e"):
        return _is("a JSON text sequence (RFC 7464)", _SEPARATORS)
    if _ARRAY.match(text):
        return Found("jsonl" if _is_an_array_each(text) else "json")
    if not text.startswith((b"{", b"[")):
        return None
    if text.split(b"\n", 1)[0].strip() == b"{" and b"\n" in text:
        inner = stray_text.inner_list(text)
        return _is("JSON spread over several lines", layouts.inner_list(inner) if inner else _ONE_LINE)
    return _lone_carriage_returns(head) or Found("jsonl")


_ONE_LINE = "Write each object on one line, as --fix does, or all of them as one array."
_SEPARATORS = "Remove the record separators (0x1E)."
_LINE_FEEDS = "End each line with a line feed."
LOOSE = frozenset({_ONE_LINE, _SEPARATORS, _LINE_FEEDS})
"""Hints on files that only mending can read: nothing is wrong with them but what separates their objects."""


def _is_an_array_each(text: bytes) -> bool:
    """Whether each line is an array of its own that should be a record, judged by the first two."""
    first, _, rest = text.partition(b"\n")
    if not rest.lstrip().startswith(b"[") or not _is_json(first):
        return False
    (value, *_) = json.loads(first) or [{}]
    return not isinstance(value, dict) or not layouts.is_record(value)


def _lone_carriage_returns(head: bytes) -> Defect | None:
    if b"\n" in head or b"\r" not in head.strip():
        return None
    return _is("text whose lines end in bare carriage returns", _LINE_FEEDS)


def _table(head: bytes, extension: str) -> Found | None:
    lines = [line for line in _text(head).split(b"\n")[:4] if line.strip()]
    if separator := SEPARATOR_LINE.fullmatch(lines[0]):
        delimiter = separator[1].decode()
        return Found(_DELIMITERS[delimiter], delimiter)
    delimiter = _delimiter(lines[0], extension)
    if extension in _PROMISED:
        delimiter = delimiter or _PROMISED[extension]
        return Found(_DELIMITERS[delimiter], delimiter)
    if len(lines) < 2 or not delimiter or _is_json(lines[0]) or any(map(_is_object, lines)):
        return None
    mark = delimiter.encode()
    counts = [_QUOTED.sub(b"", line).count(mark) for line in lines]
    cells = {cell.strip().strip(b'"').decode("latin-1").casefold() for cell in lines[0].split(mark)}
    if cells & _TABLE_HEADS or (
        delimiter != "|" and len(set(counts)) == 1 and not lines[0].rstrip().endswith((b".", b"!", b"?"))
    ):
        return Found(_DELIMITERS[delimiter], delimiter)
    return None


_PROMISED = {"csv": ",", "tsv": "\t"}


def _delimiter(header: bytes, extension: str) -> str:
    """The delimiter of a header row: the extension's if it occurs at all, else the most frequent one."""
    bare = _QUOTED.sub(b"", header)
    counts = {delimiter: bare.count(delimiter.encode()) for delimiter in _DELIMITERS}
    promised = _PROMISED.get(extension, "")
    if counts.get(promised):
        return promised
    likely = max(counts, key=counts.__getitem__)
    return likely if counts[likely] else ""


def _lines_or_text(head: bytes) -> Found | Defect:
    lines = head.split(b"\n")
    if any(_JSON_LIKE.match(line) for line in lines) or not _is_prose(head):
        return Found("jsonl")
    return Defect("raw_text", "The file is plain text, not divided into prompts and answers.")


def _is_prose(head: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters; a character cut off at their end is ignored."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return text.isprintable() or all(character.isprintable() or character.isspace() for character in text)


def _text(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _is_object(line: bytes) -> bool:
    """Whether a line is a JSON object. One is enough to rule out a table, even if the other lines are broken."""
    return line.lstrip().startswith(b"{") and _is_json(line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True

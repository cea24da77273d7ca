"""A file that is not JSON Lines, told by its first bytes: what it really is, and what to do."""

from __future__ import annotations

import json
import re

from tunedrop.data.defects import Defect

HEAD_BYTES = 64 * 1024
"""How much of a file's beginning is looked at."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a ZIP archive (or an Excel or Word document, which is one)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
_TAR_MARK = slice(257, 262)
_ENCODINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xfe\x00\x00|[^\x00]\x00\x00\x00[^\x00]\x00\x00\x00"), "UTF-32 (little-endian)"),
    (re.compile(rb"\x00\x00\xfe\xff|\x00\x00\x00[^\x00]\x00\x00\x00[^\x00]"), "UTF-32 (big-endian)"),
    (re.compile(rb"\xff\xfe|[^\x00]\x00[^\x00]\x00"), "UTF-16 (little-endian)"),
    (re.compile(rb"\xfe\xff|\x00[^\x00]\x00[^\x00]"), "UTF-16 (big-endian)"),
)
_JSON_ARRAY = re.compile(rb"\[\s*(\{|$)")
_TABLE_HEADS = frozenset(
    {"prompt", "completion", "question", "answer", "instruction", "input", "output", "response", "text", "label"}
)
_DELIMITERS = {b",": "CSV", b"\t": "tab-separated", b";": "semicolon-separated"}


def identify(head: bytes) -> Defect | None:
    """What the file with this beginning is instead of JSON Lines; None where it may well be JSON Lines."""
    for look in (_zeros, _container, _encoding, _markup, _json_document, _table):
        if defect := look(head):
            return defect
    return None


def _is(what: str, hint: str = "") -> Defect:
    return Defect("not_jsonl", f"The file is {what}, not JSON Lines.", hint=hint)


def _zeros(head: bytes) -> Defect | None:
    return (
        _is("nothing but zero bytes", "The upload or the disk lost the content.") if not head.strip(b"\x00") else None
    )


def _container(head: bytes) -> Defect | None:
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return _is(what, "Unpack it and upload the JSON Lines file itself.")
    return _is("a tar archive", "Upload the files one by one.") if head[_TAR_MARK] == b"ustar" else None


def _encoding(head: bytes) -> Defect | None:
    for pattern, name in _ENCODINGS:
        if pattern.match(head):
            return Defect("wrong_encoding", f"The file is encoded in {name}, not in UTF-8.")
    return None


def _markup(head: bytes) -> Defect | None:
    start = _text(head)[:256].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return _is("an HTML page", "A download often stores an error or log-in page like this: fetch the file again.")
    return _is("XML") if start.startswith(b"<") else None


def _json_document(head: bytes) -> Defect | None:
    first = _text(head).split(b"\n", 1)[0].strip()
    if _JSON_ARRAY.match(first):
        return _is("one JSON array", "Write each element on a line of its own, without commas and brackets.")
    if first == b"{":
        return _is("JSON spread over several lines", "Write each object on one line.")
    return None


def _table(head: bytes) -> Defect | None:
    lines = [line for line in _text(head).split(b"\n")[:4] if line.strip()]
    if len(lines) < 2 or lines[0].lstrip().startswith((b"{", b"[")) or _is_json(lines[0]):
        return None
    for delimiter, name in _DELIMITERS.items():
        count = lines[0].count(delimiter)
        even = all(line.count(delimiter) == count for line in lines)
        cells = {cell.strip().strip(b'"').decode("latin-1").casefold() for cell in lines[0].split(delimiter)}
        if count and (even or cells & _TABLE_HEADS):
            return _is(f"a {name} table", "Write each row as one JSON object with prompt and completion.")
    return None


def _text(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True

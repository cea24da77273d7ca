"""Parse text that is almost JSON, if it can have only one meaning; ambiguous text is left alone."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.records import elements, strict_json
from tunedrop.domain.records.strict_json import JsonObject

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|,(?=\s*[}\]])', re.DOTALL)
_CONTROL = re.compile(r"\\.|[\0-\x1f]", re.DOTALL)
"""A control character, or a whole escape, so that a backslash before a control character is left alone."""
_NO_JSON = "\ufeff\x1e\xa0"
"""Byte-order marks of joined files, record separators of JSON text sequences, no-break spaces."""
_BLANK = " \t\r\n"
_MOST_BRACKETS = 2_000
"""Most brackets in Python notation; text with more is not given to Python's parser."""
_PYTHON_STRING = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\"""", re.DOTALL)
_PYTHON_VALUES = re.compile(
    r"(?:[\[\]{}(),:]|(?:\"|True|False|None|[-+]?[\d.][\w.]*+(?:(?<=[eE])[-+]\d++)?)(?=[\]}),:]))*+", re.ASCII
)
"""Matches text in Python notation after its blanks are removed and each string is replaced with one quotation mark."""


@dataclass(frozen=True, slots=True)
class Mended:
    """One parsed object and the mends (keys of MENDS) that made it readable."""

    document: JsonObject
    mends: tuple[str, ...]


def mend(raw: bytes) -> tuple[Mended, ...]:
    """Parse the objects a line means, none if that is ambiguous. The strict parser accepts each of them."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ()
    mends, text = _without_edges(text)
    if one := _one(text):
        return (Mended(one.document, (*mends, *one.mends)),)
    several = [_one(piece) for piece in _pieces(text)]
    whole = [found for found in several if found]
    if len(whole) < 2 or len(whole) != len(several):
        return ()
    return tuple(Mended(found.document, (*mends, "line_split", *found.mends)) for found in whole)


_GAP = re.compile(_PYTHON_STRING.pattern + r"|(?<=[}\]])\s+(?=[{\[])", re.DOTALL)


def mend_list(text: str) -> tuple[list[Any] | None, tuple[str, ...]]:
    """Parse the list a text means, and the mends that took; None if that is ambiguous.

    Besides what is mended in an object, NumPy's way to print lists of objects is read, without commas between them.
    """
    spaced = _GAP.sub(lambda gap: gap[0] if gap[0].strip() else ", ", text)
    found = _one(f'{{"list": {spaced}}}')
    if found is None or found.document.keys() != {"list"} or not isinstance(found.document["list"], list):
        return None, ()
    return found.document["list"], found.mends


def _without_edges(text: str) -> tuple[list[str], str]:
    """Strip what surrounds an object and is not JSON: commas between lines, byte-order marks, record separators."""
    mends = []
    bare = text.strip(_BLANK + _NO_JSON)
    if any(mark in text[: len(text) - len(text.lstrip(_BLANK + _NO_JSON))] for mark in _NO_JSON) or any(
        mark in text[len(text.rstrip(_BLANK + _NO_JSON)) :] for mark in _NO_JSON
    ):
        mends.append("separator_removed")
    without = bare.strip(_BLANK + ",")
    if without != bare:
        mends.append("comma_removed")
    return mends, without


def _one(text: str) -> Mended | None:
    """Parse one object with the first of the readings that succeeds."""
    if not text.startswith("{") or text.count(",") > elements.MAX_COMMAS:
        return None
    readings: tuple[Callable[[str], Mended | None], ...] = (_strict, _retouched, _python)
    return next((found for read in readings if (found := read(text))), None)


def _strict(text: str) -> Mended | None:
    document = strict_json.parse(text.encode())
    return Mended(document, ()) if isinstance(document, dict) else None


def _retouched(text: str) -> Mended | None:
    """Drop commas before closing brackets, escape control characters in strings, merge repeated keys of equal value."""
    mends: list[str] = []

    def better(match: re.Match[str]) -> str:
        if match[0] == ",":
            mends.append("comma_removed")
            return ""
        escaped = _CONTROL.sub(_escaped, match[0])
        if escaped != match[0]:
            mends.append("control_character_escaped")
        return escaped

    try:
        value = json.loads(_TOKEN.sub(better, text), object_pairs_hook=lambda pairs: _said_once(pairs, mends))
    except (ValueError, RecursionError):
        return None
    return _proven(value, mends)


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0][0] == "\\" else f"\\u{ord(match[0]):04x}"


def _said_once(pairs: list[tuple[str, Any]], mends: list[str]) -> JsonObject:
    """Merge repeated keys that have equal values. Raises ValueError if their values differ."""
    found: JsonObject = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif _same(found[name], value):
            mends.append("repeated_key_removed")
        else:
            raise ValueError("one key, two values")
    return found


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _python(text: str) -> Mended | None:
    """Parse a dict as Python prints it: single quotes, True, None."""
    if not _may_be_python(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = _literal(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _proven(value, ["python_notation"])


def _may_be_python(text: str) -> bool:
    """A quick test before ast.parse, which needs a hundred times the memory of its input."""
    if text.count("{") + text.count("[") + text.count("(") > _MOST_BRACKETS:
        return False
    bare = "".join(_PYTHON_STRING.sub('"', text).split())
    return _PYTHON_VALUES.fullmatch(bare) is not None


def _literal(node: ast.expr) -> Any:
    """Evaluate a literal that JSON can hold. Raises ValueError for anything else."""
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return _said_once([(_key(key), _literal(value)) for key, value in zip(keys, values, strict=True)], [])
        case _:
            raise ValueError("no literal of JSON")


def _key(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError("no key of JSON")


def _proven(value: Any, mends: list[str]) -> Mended | None:
    """The value, if the strict parser accepts it when written as JSON."""
    if not isinstance(value, dict):
        return None
    try:
        found = strict_json.parse(encode(value))
    except ValueError:  # an integer with more digits than Python converts to text
        return None
    return Mended(found, tuple(dict.fromkeys(mends))) if isinstance(found, dict) else None


def encode(document: JsonObject) -> bytes:
    """Encode an object as one line of JSON without its line end; lone surrogates stay escapes."""
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[\[\]{}]')


def _pieces(text: str) -> Iterator[str]:
    """Split text into consecutive objects with only separators between them; anything else is yielded as one piece."""
    depth = start = 0
    for match in _BRACKET.finditer(text):
        if match[0] in "[{":
            if depth == 0 and text[start : match.start()].strip(_BLANK + _NO_JSON + ","):
                break
            start = match.start() if depth == 0 else start
            depth += 1
        elif match[0] in "]}":
            depth -= 1
            if depth == 0:
                yield text[start : match.end()]
                start = match.end()
    if text[start:].strip(_BLANK + _NO_JSON + ","):
        yield text[start:]


def gathered(numbered: Iterable[tuple[int, bytes]], longest: int) -> Iterator[tuple[int, bytes]]:
    """Join numbered lines into objects that span several of them; yields (first line, text).

    An object ends where its brackets close, or before a line that starts with a brace, if the object before never
    closed. Text over `longest` bytes, or over very many lines, is passed on as it is.
    """
    held: list[bytes] = []
    first = depth = size = 0
    for number, line in numbered:
        if held and (line.startswith(b"{") or size > longest or len(held) >= _MOST_LINES):
            yield first, b"\n".join(held)
            held, depth, size = [], 0, 0
        if not held and not line.strip():
            continue
        first = first if held else number
        held.append(line)
        depth += _balance(line)
        size += len(line)
        if depth <= 0:
            yield first, b"\n".join(held)
            held, depth, size = [], 0, 0
    if held:
        yield first, b"\n".join(held)


_BYTES_BRACKET = re.compile(_BRACKET.pattern.encode())
_MOST_LINES = elements.MAX_COMMAS
"""Most lines per object: with a value on each, more would exceed the limit on commas."""


def _balance(line: bytes) -> int:
    marks = [match[0] for match in _BYTES_BRACKET.finditer(line)]
    return sum(mark in (b"{", b"[") for mark in marks) - sum(mark in (b"}", b"]") for mark in marks)

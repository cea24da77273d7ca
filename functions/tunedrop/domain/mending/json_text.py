"""Text that is almost JSON, read the one way it can be meant: what has two meanings is left as it is."""

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
"""A control character, or an escape, which is passed over whole: one of a control character means nothing."""
_NO_JSON = "\ufeff\x1e\xa0"
"""Byte-order marks of joined files, record separators of JSON text sequences, no-break spaces."""
_BLANK = " \t\r\n"
_MOST_BRACKETS = 2_000
"""In Python's notation, whose parser is given nothing deeper."""
_PYTHON_STRING = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\"""", re.DOTALL)
_PYTHON_VALUES = re.compile(
    r"(?:[\[\]{}(),:]|(?:\"|True|False|None|[-+]?[\d.][\w.]*+(?:(?<=[eE])[-+]\d++)?)(?=[\]}),:]))*+", re.ASCII
)
"""What such a text is without blanks, a quotation mark for each string: values with something between them."""


@dataclass(frozen=True, slots=True)
class Mended:
    """One object that was meant, and what was done to read it (names of mends)."""

    document: JsonObject
    mends: tuple[str, ...]


def mend(raw: bytes) -> tuple[Mended, ...]:
    """The objects that the line means, none where it can't be told. Each is JSON under the strict reader."""
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


def _without_edges(text: str) -> tuple[list[str], str]:
    """What surrounds an object and is no JSON taken away: commas between lines, marks, separators."""
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
    """One object, read by each way of writing in turn."""
    if not text.startswith("{") or text.count(",") > elements.MAX_COMMAS:
        return None
    readings: tuple[Callable[[str], Mended | None], ...] = (_strict, _retouched, _python)
    return next((found for read in readings if (found := read(text))), None)


def _strict(text: str) -> Mended | None:
    document = strict_json.parse(text.encode())
    return Mended(document, ()) if isinstance(document, dict) else None


def _retouched(text: str) -> Mended | None:
    """Commas before brackets gone, raw control characters in strings escaped, repeated keys of one value said once."""
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
    """The object, if a key that stands twice says the same both times. Raises ValueError else."""
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
    """A dict as Python prints it: single quotes, True, None."""
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
    """What is quick to know: Python's own parser needs a hundred times the room of what it is given."""
    if text.count("{") + text.count("[") + text.count("(") > _MOST_BRACKETS:
        return False
    bare = "".join(_PYTHON_STRING.sub('"', text).split())
    return _PYTHON_VALUES.fullmatch(bare) is not None


def _literal(node: ast.expr) -> Any:
    """The value of a literal that JSON can hold. Raises ValueError for anything else."""
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
    """Only what the strict reader takes, once it is written as JSON."""
    if not isinstance(value, dict):
        return None
    try:
        found = strict_json.parse(encode(value))
    except ValueError:  # a number so long that Python does not write it
        return None
    return Mended(found, tuple(dict.fromkeys(mends))) if isinstance(found, dict) else None


def encode(document: JsonObject) -> bytes:
    """The object as one line of JSON without its end; what is half a character stays an escape."""
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[\[\]{}]')


def _pieces(text: str) -> Iterator[str]:
    """The objects that stand one after the other, with nothing but separators between them; else one odd piece."""
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
    """Lines (with their numbers) of objects that are spread over several, put together: (first line, text).

    An object ends where its brackets close. A line that begins with a bracket at its very start begins an object anew
    when the one before never closed; text over `longest` bytes, or over very many lines, is passed on as it is.
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
"""Of one object: no more values can stand on them."""


def _balance(line: bytes) -> int:
    marks = [match[0] for match in _BYTES_BRACKET.finditer(line)]
    return sum(mark in (b"{", b"[") for mark in marks) - sum(mark in (b"}", b"]") for mark in marks)

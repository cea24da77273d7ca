"""Parse one record strictly: what JSON or UTF-8 does not allow is returned as a defect, never raised.

Python's parser alone accepts duplicate keys, NaN, overflowing numbers and lone surrogates (all tried).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from tunedrop.domain.records import duplicate_keys, elements, not_objects
from tunedrop.domain.records.defects import Defect, kind
from tunedrop.domain.texts import charsets

MAX_DEPTH = 64
"""No format nests deeper than a dozen levels. Python's own limit differs between versions; this one does not."""

MAX_BRACKETS = 200_000
"""More opening brackets on one line, even inside strings, exceed every base model's token limit."""

JsonObject = dict[str, Any]

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|$)|[\[\]{}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class _Refused(ValueError):
    """Carries a defect out of the decoder's hooks."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.code)
        self.defect = defect


def parse(raw: bytes, unit: str = "line") -> JsonObject | Defect:
    """Parse one JSON object, or return the first defect; `unit` is what messages call the bytes.

    If the bytes span several lines, the defect's `line` counts from the first of them, which is 1.
    """
    try:
        return _object(raw, unit)
    except _Refused as refused:
        return refused.defect


def parse_cell(cell: str, unit: str = "cell") -> Any:
    """Parse the JSON value in a table's cell, or in another text (`unit`), or return a Defect."""
    try:
        return _strict(cell.encode("utf-8", "surrogatepass"), unit)
    except _Refused as refused:
        return refused.defect


def text(raw: bytes, unit: str) -> str | Defect:
    """Decode UTF-8, or return a defect that names the first invalid byte."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        place = f"Byte {error.start + 1} of the {unit}, 0x{raw[error.start]:02x}, is not UTF-8 ({error.reason})."
        return Defect("invalid_utf8", place, hint=charsets.hint(raw))


def _object(raw: bytes, unit: str) -> JsonObject:
    value = _strict(raw, unit)
    if not isinstance(value, dict):
        message = f"The {unit} holds {kind(value)}, not a JSON object."
        raise _Refused(Defect("not_an_object", message, hint=not_objects.hint(value, unit)))
    return value


def _strict(raw: bytes, unit: str) -> Any:
    decoded = text(raw, unit)
    if isinstance(decoded, Defect):
        raise _Refused(decoded)
    _refuse_size(raw, unit)
    _refuse_depth(raw, unit)
    value = _value(decoded, unit)
    if _SURROGATE_ESCAPE.search(raw):
        _refuse_lone_surrogates(value)
    return value


def _value(text: str, unit: str) -> Any:
    try:
        return _DECODER.decode(text)
    except _Refused as refused:
        if refused.defect.message.startswith("NaN "):
            raise _Refused(not_objects.not_a_number(text)) from None
        raise
    except json.JSONDecodeError as error:
        raise _Refused(_not_json(text, error, unit)) from None
    except ValueError:  # a whole number longer than Python's digit limit
        raise _Refused(Defect("number_out_of_range", "A number has more digits than any reader takes.")) from None


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused(duplicate_keys.defect(pairs))
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Refused(Defect("number_out_of_range", f"{name} is no JSON number."))


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Refused(Defect("number_out_of_range", "A number is too large to be held as a 64-bit float."))
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)


def _refuse_size(raw: bytes, unit: str) -> None:
    if len(raw) > elements.MAX_COMMAS and raw.count(b",") > elements.MAX_COMMAS:
        raise _Refused(elements.too_many_commas(unit))


def _refuse_depth(raw: bytes, unit: str) -> None:
    brackets = raw.count(b"{") + raw.count(b"[")
    if brackets > MAX_BRACKETS:
        raise _Refused(Defect("nested_too_deep", f"More than {MAX_BRACKETS:,} lists and objects in one {unit}."))
    if brackets > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise _Refused(Defect("nested_too_deep", f"More than {MAX_DEPTH} levels of lists and objects."))


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for match in _BRACKETS.finditer(raw):
        mark = match[0][:1]
        if mark in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in b"]}":
            depth -= 1
    return deepest


def _refuse_lone_surrogates(value: Any) -> None:
    for path, text in _strings(value):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            half = f"Half of a surrogate pair, \\u{ord(text[error.start]):04x}, is no character."
            raise _Refused(Defect("lone_surrogate", half, path)) from None


def _strings(document: Any) -> Iterator[tuple[str, str]]:
    """Yield (path, string) for every string, keys included."""
    waiting: list[tuple[str, Any]] = [("$", document)]
    while waiting:
        path, value = waiting.pop()
        match value:
            case str():
                yield path, value
            case list():
                waiting += [(f"{path}[{index}]", item) for index, item in enumerate(value)]
            case dict():
                yield from ((path, name) for name in value)
                waiting += [(f"{path}.{name}", item) for name, item in value.items()]


def _not_json(text: str, error: json.JSONDecodeError, unit: str) -> Defect:
    place = f"column {error.colno}" if unit == "line" else f"character {error.pos + 1} of the {unit}"
    return Defect(
        "invalid_json",
        f"Not valid JSON at {place}: {error.msg[:1].lower()}{error.msg[1:]}.",
        hint=_likely_cause(text, error, unit),
        line=error.lineno if error.lineno > 1 else None,
    )


_ESCAPED_LINE_FEEDS = (
    "Between the records stand \\ and n, characters, instead of a line feed: put a line feed in place of them where "
    'they stand between } and {", and remove them from the end of the file.'
)


def _likely_cause(text: str, error: json.JSONDecodeError, unit: str) -> str:
    """A hint at the mistake that usually causes this parser error, or an empty string."""
    rest = text[error.pos :].lstrip()
    ends_early = not rest or error.msg.startswith("Unterminated string")
    in_lines = unit == "line"
    causes = (
        (text.startswith("\ufeff"), "There is a byte-order mark in the middle of the file: join files without theirs."),
        (text.startswith("\x1e"), "This is a JSON text sequence: remove the record separators (0x1E)."),
        (in_lines and "\r" in text, "Lines end in bare carriage returns: end each with a line feed."),
        (error.msg.startswith("Illegal trailing comma"), "Remove the comma before the bracket."),
        (text.startswith("```"), "This is a fence of Markdown: remove the lines that begin with ```."),
        (error.msg == "Extra data" and rest.startswith(("\\n", "\\r\\n")), _ESCAPED_LINE_FEEDS),
        (error.msg == "Extra data" and rest.startswith(","), "Remove the comma after the object."),
        (error.msg == "Extra data" and rest.startswith("{") and in_lines, "Put each object on a line of its own."),
        (error.msg == "Extra data" and rest.startswith("{"), "A comma is missing between two elements."),
        (text.startswith(("{'", "[{'")), "This is Python's notation: write it with json.dumps, in double quotes."),
        (rest.startswith("//"), "JSON has no comments."),
        (rest[:1] in {"\u201c", "\u201d"}, "Use straight double quotes."),
        (rest[:4] in {"True", "None"} or rest.startswith("False"), "JSON writes true, false and null."),
        (rest[:1] in {"}", "]"} and text[: error.pos].rstrip()[-1:] == ",", "Remove the comma before the bracket."),
        (error.msg.startswith("Invalid control character"), "Write tabs and other control characters as escapes."),
        (ends_early and in_lines, "The object is not finished on its line: write each object on one line."),
    )
    return next((hint for applies, hint in causes if applies), "")

"""Validate a parsed request against the service model, including what botocore does not check.

Messages have the service's wording: "Value 'x' at 'jobName' failed to satisfy constraint: Member must ...".
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from botocore.model import Shape

# The model's own patterns of these shapes take exponential time, the equivalents linear (docs/facts.md#names).
_JOB_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9+.\-]{0,62}"
SAFE_PATTERNS: Final[Mapping[str, str]] = {
    "JobName": _JOB_NAME,
    "ModelCustomizationJobIdentifier": rf"arn:aws[^:]*:bedrock:[^/]+:model-customization-job/\S+|{_JOB_NAME}",
}
_JSON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


def violations(shape: Shape, value: object, path: str = "") -> Iterator[str]:
    """Yield every constraint of the shape that the value violates, in the service's words."""
    if getattr(shape, "is_document_type", False):
        return
    if not _has_type(shape.type_name, value):
        yield _violation(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _size(shape, value, path)
    yield from _words(shape, value, path)
    yield from _members(shape, value, path)


def _has_type(name: str, value: object) -> bool:
    expected = _JSON_TYPES[name]
    return isinstance(value, expected) and (bool in expected or not isinstance(value, bool))


def _violation(value: object, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    is_number = shape.type_name in {"integer", "long", "float", "double"}
    if shape.type_name in {"boolean", "timestamp", "structure"} or (minimum is None and maximum is None):
        return
    size, noun = (value, "value") if is_number else (len(value), "length")
    shown = value if isinstance(value, int | float | str) else "[...]"
    if minimum is not None and size < minimum:
        yield _violation(shown, path, f"Member must have {noun} greater than or equal to {minimum}")
    if maximum is not None and size > maximum:
        yield _violation(shown, path, f"Member must have {noun} less than or equal to {maximum}")


@cache
def _pattern(name: str, pattern: str) -> re.Pattern[str]:
    return re.compile(SAFE_PATTERNS.get(name, pattern))


def _words(shape: Shape, value: object, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        return
    enum, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
    if enum and value not in enum:
        yield _violation(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
    fits = len(value) <= shape.metadata.get("max", 2_048)
    if pattern and fits and not _pattern(shape.name, pattern).fullmatch(value):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _members(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "list":
        for index, item in enumerate(value, start=1):
            yield from violations(shape.member, item, f"{path}.{index}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path}.key")
            yield from violations(shape.value, item, f"{path}.{key}")


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            place = f"{path}.{name}".lstrip(".")
            yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from violations(member, value[name], f"{path}.{name}".lstrip("."))

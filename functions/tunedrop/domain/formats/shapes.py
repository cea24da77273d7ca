"""What the formats' readers share: required and unknown fields, and values of the wrong type."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.formats import forms, verdicts
from tunedrop.domain.records.defects import Defect, kind, shown
from tunedrop.domain.records.record import Block, Turn

_NAMED = 5

METADATA = frozenset(
    {"id", "idx", "index", "uuid", "source", "dataset", "split", "category", "topic", "tags", "lang", "language"}
    | {"model", "hash", "created", "created_at", "timestamp", "date", "url", "license", "metadata", "meta"}
    | {"__index_level_0__", "unnamed: 0"}  # pandas' row numbers
)
"""Fields about a record rather than of it. Formats that allow them leave them out, and the report counts them."""


class WrongShape(Exception):
    """Raised by a reader when a field that the record cannot do without is missing or of the wrong type."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.code)
        self.defect = defect


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields an object of a format may have. Messages list the required ones first."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    """Left out and counted."""

    @property
    def allowed(self) -> tuple[str, ...]:
        """Required and optional field names."""
        return self.required + self.optional

    def unknown(self, found: Mapping[str, Any], path: str) -> Iterator[Defect]:
        """Yield one defect for all unknown fields together, if there are any: another if one of them is a verdict."""
        names = [name for name in found if name not in self.allowed and name not in self.ignored]
        if judged := (names and verdicts.beside(found, names, path)) or verdicts.in_metadata(found, self.ignored, path):
            yield judged
        elif names:
            yield Defect(
                "unknown_field",
                f"Unknown {_listed(names)}; allowed here: {', '.join(self.allowed)}.",
                path,
                hint=self._misspelt(names) or f"{forms.seen(names, self.allowed)}{leaving_out(names)}",
            )

    def left_out(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        """One `normalised` entry for each ignored field."""
        return ("field_left_out",) * sum(name in self.ignored for name in found)

    def _misspelt(self, names: list[str]) -> str:
        meant = [(name, fold(name)) for name in names]
        return " ".join(f"Write {right} instead of {shown(name)}." for name, right in meant if right in self.allowed)


def fold(name: str) -> str:
    """A field's name in lower case, without surrounding blanks and byte-order marks."""
    return name.strip().strip("\ufeff").casefold()


def folded(document: Mapping[str, Any]) -> frozenset[str]:
    """All field names of an object, folded."""
    return frozenset(map(fold, document))


def required(found: Mapping[str, Any], name: str, path: str) -> Any:
    """Return the value of a field. Raises WrongShape if it is missing."""
    if name not in found:
        raise WrongShape(Defect("missing_field", f"The field {name} is missing.", path, hint=forms.missing(name)))
    return found[name]


def text(value: Any, path: str) -> str:
    """Return a string unchanged. Raises WrongShape for any other type."""
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    return value


def turn(found: Mapping[str, Any], name: str, role: str) -> Turn:
    """Read one field as a turn. Raises WrongShape."""
    path = child("$", name)
    return Turn(path, role, (Block(path, text(required(found, name, "$"), path)),))


def system(found: Mapping[str, Any]) -> tuple[Block, ...]:
    """Read the optional field `system`; no blocks if it is absent. Raises WrongShape."""
    if "system" not in found:
        return ()
    return (Block("$.system", text(found["system"], "$.system")),)


def history(found: Mapping[str, Any]) -> tuple[Turn, ...]:
    """Read the optional field `history`: a question and an answer for each step before. Raises WrongShape."""
    return tuple(_steps(found.get("history") or []))


def _steps(given: Any) -> Iterator[Turn]:
    for index, item in enumerate(items(given, "$.history")):
        path = f"$.history[{index}]"
        said = items(item, path)
        if len(said) != 2:
            raise wrong_type(path, "a question and an answer", said)
        for place, role in enumerate(("user", "assistant")):
            yield Turn(f"{path}[{place}]", role, (Block(f"{path}[{place}]", text(said[place], path)),))


Blocks = Callable[[Any, str, list[Defect]], tuple[Block, ...]]
"""(content, path, defects): reads a message's content, appends to the defects, raises WrongShape."""

_MESSAGE = Fields(required=("role", "content"))


def messages(found: Mapping[str, Any], blocks: Blocks, defects: list[Defect]) -> tuple[Turn, ...]:
    """Read the field `messages`, a list of objects with role and content. Raises WrongShape."""
    listed = items(required(found, "messages", "$"), "$.messages")
    return tuple(_message(item, f"$.messages[{index}]", blocks, defects) for index, item in enumerate(listed))


def _message(item: Any, path: str, blocks: Blocks, defects: list[Defect]) -> Turn:
    message = fields(item, path)
    defects += _MESSAGE.unknown(message, path)
    role = text(required(message, "role", path), f"{path}.role")
    return Turn(path, role, blocks(required(message, "content", path), f"{path}.content", defects))


def child(path: str, name: str) -> str:
    """The JSON path of a field of the object at `path`."""
    return f"{path}.{name}" if name.isidentifier() else f"{path}[{shown(name)}]"


def items(value: Any, path: str) -> list[Any]:
    """Return a list unchanged. Raises WrongShape for any other type."""
    if not isinstance(value, list):
        raise wrong_type(path, "a list", value)
    return value


def fields(value: Any, path: str) -> Mapping[str, Any]:
    """Return an object unchanged. Raises WrongShape for any other type."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    return value


def wrong_type(path: str, expected: str, value: Any) -> WrongShape:
    """The exception for a value of the wrong type; its message does not quote the value."""
    found = kind(value)
    return WrongShape(
        Defect("wrong_type", f"Expected {expected}, found {found}.", path, forms.hint(path, expected, found))
    )


def leaving_out(names: Sequence[str]) -> str:
    """How to leave the fields out; an empty string, which is the code's own hint, if a name cannot be shown whole."""
    quoted = [shown(name) for name in names]
    if len(names) > _NAMED or any(name not in quote for name, quote in zip(names, quoted, strict=True)):
        return ""
    options = shlex.join(word for name in names for word in ("--ignore-field", name))
    return (
        f"To leave out what is not to be learned: [fields] ignore = [{', '.join(quoted)}] in dataset.toml, or {options}"
    )


def _listed(names: list[str]) -> str:
    quoted = ", ".join(shown(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{'field' if len(names) == 1 else 'fields'} {quoted}{more}"

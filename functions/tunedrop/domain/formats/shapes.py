"""What the formats' readers share: which fields an object has, lacks, or has of the wrong type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.records.defects import Defect, kind, shown
from tunedrop.domain.records.record import Block, Turn

_NAMED = 5

METADATA = frozenset(
    {"id", "idx", "index", "uuid", "source", "dataset", "split", "category", "topic", "tags", "lang", "language"}
    | {"model", "hash", "created", "created_at", "timestamp", "date", "url", "license", "metadata", "meta", "score"}
    | {"__index_level_0__", "unnamed: 0"}  # pandas' row numbers
)
"""Fields about a record rather than in it: where a format may carry them they are left out, and counted."""


class WrongShape(Exception):
    """Leaves a reader early: without this field there is no record."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.code)
        self.defect = defect


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields an object of a format may have; those required come first in messages."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    """Left out and counted."""

    @property
    def allowed(self) -> tuple[str, ...]:
        """All of them."""
        return self.required + self.optional

    def unknown(self, found: Mapping[str, Any], path: str) -> Iterator[Defect]:
        """One defect for all fields that the format does not know."""
        names = [name for name in found if name not in self.allowed and name not in self.ignored]
        if names:
            yield Defect(
                "unknown_field",
                f"Unknown {_listed(names)}; allowed here: {', '.join(self.allowed)}.",
                path,
                hint=self._misspelt(names),
            )

    def left_out(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        """One entry of `normalised` for each field that is ignored."""
        return ("field_left_out",) * sum(name in self.ignored for name in found)

    def _misspelt(self, names: list[str]) -> str:
        meant = [(name, fold(name)) for name in names]
        return " ".join(f"Write {right} instead of {shown(name)}." for name, right in meant if right in self.allowed)


def fold(name: str) -> str:
    """A field's name as it was probably meant: without blanks around it, in lower case."""
    return name.strip().strip("\ufeff").casefold()


def folded(document: Mapping[str, Any]) -> frozenset[str]:
    """The names of all fields, folded."""
    return frozenset(map(fold, document))


def required(found: Mapping[str, Any], name: str, path: str) -> Any:
    """The value of a field. Raises WrongShape where it is missing."""
    if name not in found:
        raise WrongShape(Defect("missing_field", f"The field {name} is missing.", path))
    return found[name]


def text(value: Any, path: str) -> str:
    """A string as it is. Raises WrongShape for anything else."""
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    return value


def turn(found: Mapping[str, Any], name: str, role: str) -> Turn:
    """What one side says in a field of its own. Raises WrongShape."""
    path = child("$", name)
    return Turn(path, role, (Block(path, text(required(found, name, "$"), path)),))


def system(found: Mapping[str, Any]) -> tuple[Block, ...]:
    """The text in the field system, none where there is none. Raises WrongShape."""
    if "system" not in found:
        return ()
    return (Block("$.system", text(found["system"], "$.system")),)


Blocks = Callable[[Any, str, list[Defect]], tuple[Block, ...]]
"""Reads a message's content at a path; adds to the defects, raises WrongShape."""

_MESSAGE = Fields(required=("role", "content"))


def messages(found: Mapping[str, Any], blocks: Blocks, defects: list[Defect]) -> tuple[Turn, ...]:
    """The turns in the field messages, each of a role and its content. Raises WrongShape."""
    listed = items(required(found, "messages", "$"), "$.messages")
    return tuple(_message(item, f"$.messages[{index}]", blocks, defects) for index, item in enumerate(listed))


def _message(item: Any, path: str, blocks: Blocks, defects: list[Defect]) -> Turn:
    message = fields(item, path)
    defects += _MESSAGE.unknown(message, path)
    role = text(required(message, "role", path), f"{path}.role")
    return Turn(path, role, blocks(required(message, "content", path), f"{path}.content", defects))


def child(path: str, name: str) -> str:
    """The JSON path of a field."""
    return f"{path}.{name}" if name.isidentifier() else f"{path}[{shown(name)}]"


def items(value: Any, path: str) -> list[Any]:
    """A list as it is. Raises WrongShape for anything else."""
    if not isinstance(value, list):
        raise wrong_type(path, "a list", value)
    return value


def fields(value: Any, path: str) -> Mapping[str, Any]:
    """An object as it is. Raises WrongShape for anything else."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    return value


def wrong_type(path: str, expected: str, value: Any) -> WrongShape:
    """The defect of a value that is of another type, without quoting the value."""
    return WrongShape(Defect("wrong_type", f"Expected {expected}, found {kind(value)}.", path))


def _listed(names: list[str]) -> str:
    quoted = ", ".join(shown(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{'field' if len(names) == 1 else 'fields'} {quoted}{more}"

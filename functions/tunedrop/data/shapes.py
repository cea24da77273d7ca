"""What the formats' readers share: which fields an object has, lacks, or has of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.data.defects import Defect, kind, shown

_NAMED = 5


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

    @property
    def allowed(self) -> tuple[str, ...]:
        """All of them."""
        return self.required + self.optional

    def unknown(self, found: Mapping[str, Any], path: str) -> Iterator[Defect]:
        """One defect for all fields that the format does not know."""
        names = [name for name in found if name not in self.allowed]
        if names:
            yield Defect(
                "unknown_field",
                f"Unknown {_listed(names)}; allowed here: {', '.join(self.allowed)}.",
                path,
                hint=self._misspelt(names),
            )

    def _misspelt(self, names: list[str]) -> str:
        meant = [(name, name.strip().strip("\ufeff").casefold()) for name in names]
        return " ".join(f"Write {right} instead of {shown(name)}." for name, right in meant if right in self.allowed)


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

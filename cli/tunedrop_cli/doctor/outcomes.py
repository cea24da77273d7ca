"""What a check says: what it saw, whether that is as it should be, and the command that mends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tunedrop_cli.doctor.reading import Reader

_NOTHING: Mapping[str, Any] = MappingProxyType({})
Status = Literal["ok", "attention", "failed", "unknown"]
TO_MEND: frozenset[Status] = frozenset({"attention", "failed"})


class CannotTell(Exception):
    """A check could not look: a permission is missing, nobody answered, or there is nothing to look at yet."""


class Missing(Exception):
    """AWS says that something which the stack made does not exist."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one check."""

    status: Status
    seen: str
    """One sentence for a person."""
    advice: str = ""
    command: str = ""
    """What mends it, or shows more; to be run as it stands."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, for the report: JSON values."""


def ok(seen: str, values: Mapping[str, Any] = _NOTHING) -> Outcome:
    """As it should be."""
    return Outcome("ok", seen, values=dict(values))


def attention(seen: str, advice: str = "", command: str = "", values: Mapping[str, Any] = _NOTHING) -> Outcome:
    """It works, but a person should mend or know it."""
    return Outcome("attention", seen, advice, command, dict(values))


def failed(seen: str, advice: str = "", command: str = "", values: Mapping[str, Any] = _NOTHING) -> Outcome:
    """It does not work, or may cost money."""
    return Outcome("failed", seen, advice, command, dict(values))


def unknown(reason: str, values: Mapping[str, Any] = _NOTHING) -> Outcome:
    """Nothing could be seen, and why."""
    return Outcome("unknown", reason, values=dict(values))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. `look` may raise CannotTell, Missing, and whatever AWS's SDK raises."""

    name: str
    look: Callable[[Reader], Outcome]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's name and outcome."""

    name: str
    outcome: Outcome


def exit_code(findings: list[Finding]) -> int:
    """1 if something must be mended, else 0; what could not be seen is neither."""
    return int(any(finding.outcome.status in TO_MEND for finding in findings))

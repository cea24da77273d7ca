"""CHECKS: the code, severity, wording, hint and example of every finding. Docs and tests are generated from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.marks import Clear
from tunedrop.domain.checks.profile import Profile
from tunedrop.domain.records.record import Record

Severity = Literal["error", "warning", "info"]
Stage = Literal["dataset", "file", "line", "shape", "record", "split"]
"""What a check examines: settings, a whole file, one line's bytes, one object's fields, one record, a whole split."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What a check found and where in the record. An empty hint means the check's own hint."""

    path: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What a split check can see once the whole split was read."""

    split: Split
    records: int
    earlier: Mapping[Split, int]
    """Record counts of the splits read before this one."""
    later: frozenset[Split]
    """Splits of the same version still to be read."""
    profile: Profile | None = None
    """What the split's records have in common; None if they were not compared."""
    default_system: bool = False
    """Whether records without a system text get a configured one."""
    region: str | None = None
    """The stack's Region; None when the command line checks a file."""


Find = Callable[[Record, BaseModel], Iterable[Spot]]
FindInSplit = Callable[[SplitFacts, BaseModel], Iterable[str]]
Absent = Callable[[bytes, BaseModel], bool]


@dataclass(frozen=True, slots=True)
class Example:
    """Input that triggers one finding and no other.

    `shown` is the line, or the settings, as the documentation prints it; `build` makes the real bytes if those are
    too long to print. With `alone`, the example is a whole file instead of one line among good ones.
    """

    shown: str
    build: Callable[[], bytes] | None = None
    base_model: str = "claude-3-haiku"
    among: Literal["prompt_completion", "messages"] = "prompt_completion"
    """The format of the good lines around it."""
    alone: bool = False
    extension: str = "jsonl"
    """The extension of its file."""
    train: Callable[[], bytes] | None = None
    """A train split to go with it, which makes the example the validation split."""

    def content(self) -> bytes:
        """Return the example's bytes."""
        return self.build() if self.build else self.shown.encode()


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding. Checks with no `find` are raised by readers, which name the code."""

    code: str
    severity: Severity
    stage: Stage
    words: str
    hint: str
    example: Example | None
    find: Find | None = None
    find_in_split: FindInSplit | None = None
    absent: Absent | None = None
    """Proves from a block's raw bytes that no line can have the defect, so that bulk conversion may skip the check."""
    tunable: bool = True
    """Whether a policy may ignore it or raise it to an error. False for whatever Bedrock itself would refuse."""
    clear: Clear | None = None
    """Proves from a record's marks that it finds nothing, so that it need not look at the record."""
    shared: bool = False
    """Whether its result is the same for every base model, so that one run serves all."""


CHECKS: dict[str, Check] = {}
"""By code, in the order of imports. Complete only after `tunedrop.domain.checks.all_checks` was imported."""


def _register(check: Check) -> None:
    if check.code in CHECKS:
        raise ValueError(f"two checks share the code {check.code}")
    CHECKS[check.code] = check


def _tunable(severity: Severity, declared: bool | None) -> bool:
    """As declared; by default, everything milder than an error."""
    return severity != "error" if declared is None else declared


def declare(
    *,
    code: str,
    stage: Stage,
    words: str,
    hint: str,
    example: Example | None,
    severity: Severity = "error",
    tunable: bool | None = None,
) -> None:
    """Register a finding that readers report by its code. Raises ValueError if the code is taken."""
    _register(Check(code, severity, stage, words, hint, example, tunable=_tunable(severity, tunable)))


def check(
    *,
    code: str,
    words: str,
    hint: str,
    example: Example,
    severity: Severity = "error",
    absent: Absent | None = None,
    clear: Clear | None = None,
    tunable: bool | None = None,
    shared: bool = False,
) -> Callable[[Find], Find]:
    """Register `find(record, base_model)` as the check of this code. A shared check must ignore its base model."""
    may = _tunable(severity, tunable)

    def registered(find: Find) -> Find:
        _register(
            Check(
                code,
                severity,
                "record",
                words,
                hint,
                example,
                find=find,
                absent=absent,
                clear=clear,
                tunable=may,
                shared=shared,
            )
        )
        return find

    return registered


def split_check(
    *,
    code: str,
    words: str,
    hint: str,
    example: Example | None,
    severity: Severity = "error",
    tunable: bool | None = None,
) -> Callable[[FindInSplit], FindInSplit]:
    """Register `find(facts, base_model)`, which yields messages, as the check of this code over a whole split."""
    may = _tunable(severity, tunable)

    def registered(find: FindInSplit) -> FindInSplit:
        _register(Check(code, severity, "split", words, hint, example, find_in_split=find, tunable=may))
        return find

    return registered

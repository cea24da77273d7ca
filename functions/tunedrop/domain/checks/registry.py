"""CHECKS: every finding's code, severity, words, hint and example in one place; docs and tests are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.profile import Profile
from tunedrop.domain.records.record import Record

Severity = Literal["error", "warning", "info"]
Stage = Literal["dataset", "file", "line", "shape", "record", "split"]
"""What is looked at: the settings, a whole file, one line's bytes, one object's fields, one record, a whole split."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a record a check found something, and what. An empty hint stands for the check's own."""

    path: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What is known when a split was read: records of it and of the splits before it."""

    split: Split
    records: int
    earlier: Mapping[Split, int]
    """Records of the splits that were read before this one."""
    later: frozenset[Split]
    """Splits of the same version that are still to be read."""
    profile: Profile | None = None
    """What its records have in common; None where they were not compared."""
    default_system: bool = False
    """Whether records without a system text of their own get one."""
    region: str | None = None
    """The stack's; None on a person's machine."""


Find = Callable[[Record, BaseModel], Iterable[Spot]]
FindInSplit = Callable[[SplitFacts, BaseModel], Iterable[str]]
Absent = Callable[[bytes, BaseModel], bool]


@dataclass(frozen=True, slots=True)
class Example:
    """Input that shows a finding and nothing else.

    `shown` is the line, or the settings, as documentation prints it; `build` makes the real bytes where those are
    too long to print. `alone`: the example is a whole file rather than one line among good ones.
    """

    shown: str
    build: Callable[[], bytes] | None = None
    base_model: str = "claude-3-haiku"
    among: Literal["prompt_completion", "messages"] = "prompt_completion"
    """The format of the good lines that it stands among."""
    alone: bool = False
    extension: str = "jsonl"
    """Of the file that it stands in."""
    train: Callable[[], bytes] | None = None
    """A train split beside it: then the example is the validation split."""

    def content(self) -> bytes:
        """The real bytes."""
        return self.build() if self.build else self.shown.encode()


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding. Those without a `find` are met while reading; their readers name the code."""

    code: str
    severity: Severity
    stage: Stage
    words: str
    hint: str
    example: Example | None
    find: Find | None = None
    find_in_split: FindInSplit | None = None
    absent: Absent | None = None
    """A proof from a block's raw bytes that no line in it can have the defect: lets bulk conversion skip the check."""
    tunable: bool = True
    """Whether a policy may ignore it or make it an error: never what Bedrock itself would refuse."""
    shared: bool = False
    """Whether it finds the same for every base model, so that one run of it serves all."""


CHECKS: dict[str, Check] = {}
"""By code, in the order of the documentation. Complete once `tunedrop.domain.checks.all_checks` was imported."""


def _register(check: Check) -> None:
    if check.code in CHECKS:
        raise ValueError(f"two checks share the code {check.code}")
    CHECKS[check.code] = check


def _tunable(severity: Severity, told: bool | None) -> bool:
    """As told, else what is milder than an error."""
    return severity != "error" if told is None else told


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
    """Name a finding that readers report as a defect of this code."""
    _register(Check(code, severity, stage, words, hint, example, tunable=_tunable(severity, tunable)))


def check(
    *,
    code: str,
    words: str,
    hint: str,
    example: Example,
    severity: Severity = "error",
    absent: Absent | None = None,
    tunable: bool | None = None,
    shared: bool = False,
) -> Callable[[Find], Find]:
    """Make `find(record, base_model)` the check of this code. A shared one must not look at its base model."""
    may = _tunable(severity, tunable)

    def registered(find: Find) -> Find:
        _register(
            Check(code, severity, "record", words, hint, example, find=find, absent=absent, tunable=may, shared=shared)
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
    """Make `find(facts, base_model)`, which yields messages, the check of this code over a whole split."""
    may = _tunable(severity, tunable)

    def registered(find: FindInSplit) -> FindInSplit:
        _register(Check(code, severity, "split", words, hint, example, find_in_split=find, tunable=may))
        return find

    return registered

"""The findings of one report. They never quote content; the list is capped per code, the counts are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tunedrop.domain.checks import policy_in_force
from tunedrop.domain.checks.registry import CHECKS, Severity
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect

MAX_PER_CODE = 50
"""Findings a report lists per code; the rest are only counted."""
MOST_STORED = 100_000
"""Findings on a split for one base model that are stored beside a report. To write two million for each of eight base
models would take almost half of the time that a function has."""

_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Place:
    """The object, line and record a finding is about; None if it is about more than one."""

    source: str
    line: int | None = None
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know about their data."""

    code: str
    severity: Severity
    """The severity in force: the check's own, unless the policy changes it."""
    source: str
    record: int | None
    line: int | None
    path: str
    message: str
    hint: str


class Findings:
    """Collects the findings of one report in the order they occur. Codes the policy ignores are only counted.

    `tell` gets each finding, those that are not listed, too.
    """

    def __init__(self, tuned: Policy | None = None, tell: Callable[[Finding], object] | None = None) -> None:
        self.policy = tuned or Policy()
        self._tell = tell
        self.listed: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.totals: Counter[Severity] = Counter()

    def add(self, code: str, place: Place, path: str, message: str, hint: str = "") -> None:
        """Count one finding, and list it unless the policy ignores it or the list of its code is full."""
        check, severity = CHECKS[code], policy_in_force.severity(code, self.policy)
        self.counts[code] += 1
        if severity is None:
            return
        self.totals[severity] += 1
        is_listed = self.counts[code] <= MAX_PER_CODE
        if not is_listed and self._tell is None:
            return
        finding = Finding(
            code=code,
            severity=severity,
            source=place.source,
            record=place.record,
            line=place.line,
            path=path[:_MAX_TEXT],
            message=message[:_MAX_TEXT],
            hint=hint or check.hint,
        )
        if is_listed:
            self.listed.append(finding)
        if self._tell is not None:
            self._tell(finding)

    def add_defect(self, defect: Defect, place: Place) -> None:
        """Add a defect that a reader found."""
        self.add(defect.code, place, defect.path, defect.message, defect.hint)

    @property
    def truncated(self) -> tuple[str, ...]:
        """Codes with more findings than the list holds, ignored codes aside."""
        many = (code for code, count in self.counts.items() if count > MAX_PER_CODE)
        return tuple(code for code in many if policy_in_force.severity(code, self.policy) is not None)

"""A dataset's check policy: the severity in force for each code, and which of its entries are invalid."""

from __future__ import annotations

from collections.abc import Iterator

from tunedrop.domain.checks.registry import CHECKS, Severity
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect, shown


def severity(code: str, policy: Policy) -> Severity | None:
    """The severity in force for a declared code; None if the policy ignores it. Invalid entries have no effect."""
    check = CHECKS[code]
    if not check.tunable:
        return check.severity
    if code in policy.ignore:
        return None
    return "error" if code in policy.error else check.severity


def defects(policy: Policy, path: str = "$.checks") -> tuple[Defect, ...]:
    """One defect for each policy entry that names no check, is not allowed, or contradicts another."""
    return (
        *_defects(policy.ignore, f"{path}.ignore", ignoring=True),
        *_defects(policy.error, f"{path}.error", ignoring=False),
        *(
            Defect("contradictory_policy", f"{shown(code)} is both ignored and made an error.", path)
            for code in sorted(policy.ignore & policy.error & CHECKS.keys())
        ),
    )


def _defects(codes: frozenset[str], path: str, *, ignoring: bool) -> Iterator[Defect]:
    for code in sorted(codes):
        check = CHECKS.get(code)
        if check is None:
            yield Defect("unknown_check", f"No check has the code {shown(code)}.", path)
        elif ignoring and not check.tunable:
            yield Defect("check_not_tunable", f"{shown(code)} cannot be ignored.", path)

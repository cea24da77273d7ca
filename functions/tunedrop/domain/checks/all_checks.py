"""The complete CHECKS: importing this module imports every check."""

from __future__ import annotations

from collections.abc import Iterable

from tunedrop.domain.checks import (
    answers,
    attacks_and_markings,
    characters,
    content,
    counts,
    credentials,
    media_findings,
    null_answers,
    parquet_findings,
    policy_in_force,
    privacy,
    profile_findings,
    reading_findings,
    record_duplicate_findings,
    record_lengths,
    settings_findings,
    templates,
    turns,
)
from tunedrop.domain.checks.registry import CHECKS, Check
from tunedrop.domain.records.check_policy import Policy

MODULES = (
    settings_findings,
    reading_findings,
    parquet_findings,
    turns,
    content,
    media_findings,
    record_lengths,
    characters,
    templates,
    answers,
    privacy,
    credentials,
    attacks_and_markings,
    counts,
    record_duplicate_findings,
    null_answers,
    profile_findings,
)
"""The modules that hold checks."""


def _in_order(checks: Iterable[tuple[object, Check]]) -> tuple[Check, ...]:
    """By the module of what finds, and as they stand in it: whoever imported one of them first changes no report."""
    return tuple(check for _, check in sorted(checks, key=lambda each: each[0].__module__))


RECORD_CHECKS = _in_order((check.find, check) for check in CHECKS.values() if check.find)
SPLIT_CHECKS = _in_order((check.find_in_split, check) for check in CHECKS.values() if check.find_in_split)

__all__ = ["CHECKS", "MODULES", "RECORD_CHECKS", "SPLIT_CHECKS", "record_checks"]


def record_checks(policy: Policy, *, errors_only: bool, shared: bool) -> tuple[Check, ...]:
    """The record checks in force, or those that can reject: those shared by all base models, or the others."""
    wanted = {"error"} if errors_only else {"error", "warning", "info"}
    chosen = (check for check in RECORD_CHECKS if check.shared == shared)
    return tuple(check for check in chosen if policy_in_force.severity(check.code, policy) in wanted)

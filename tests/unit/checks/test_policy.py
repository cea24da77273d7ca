"""A policy over the checks: what it may change, what it may not, and what a report still counts."""

from __future__ import annotations

import pytest
from tunedrop.domain.checks import policy_in_force
from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.checks.findings import MAX_PER_CODE, Findings, Place
from tunedrop.domain.records.check_policy import Policy

PLACE = Place("incoming/x/train.jsonl", 1, 1)


def wishes(*, ignore=(), error=()):
    return Policy(frozenset(ignore), frozenset(error))


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.code)
def test_a_check_is_ignored_or_made_an_error_exactly_when_it_is_tunable(check):
    assert policy_in_force.severity(check.code, Policy()) == check.severity
    ignored = policy_in_force.severity(check.code, wishes(ignore=[check.code]))
    raised = policy_in_force.severity(check.code, wishes(error=[check.code]))
    assert ignored == (None if check.tunable else check.severity)
    assert raised == ("error" if check.tunable else check.severity)


@pytest.mark.parametrize("code", ["reserved_word", "empty_text", "too_few_records", "invalid_json", "unknown_field"])
def test_what_bedrock_refuses_cannot_be_ignored(code):
    (defect,) = policy_in_force.defects(wishes(ignore=[code]))
    assert (defect.code, defect.path) == ("check_not_tunable", "$.checks.ignore")


def test_a_policy_that_can_be_followed_has_no_defects():
    assert policy_in_force.defects(Policy()) == ()
    assert policy_in_force.defects(wishes(ignore=["control_character"], error=["exact_duplicate", "empty_text"])) == ()


def test_unknown_codes_and_contradictions_are_named_where_they_stand():
    found = policy_in_force.defects(
        wishes(ignore=["oops", "exact_duplicate"], error=["exact_duplicate", "x" * 99]), "$.p"
    )
    assert [(defect.code, defect.path) for defect in found] == [
        ("unknown_check", "$.p.ignore"),
        ("unknown_check", "$.p.error"),
        ("contradictory_policy", "$.p"),
    ]
    assert "x" * 50 not in found[1].message


def test_what_is_ignored_is_counted_and_neither_listed_nor_judged():
    findings = Findings(wishes(ignore=["exact_duplicate"], error=["control_character"]))
    for _ in range(MAX_PER_CODE + 1):
        findings.add("exact_duplicate", PLACE, "$", "…")
        findings.add("control_character", PLACE, "$", "…")
    assert findings.counts == {"exact_duplicate": MAX_PER_CODE + 1, "control_character": MAX_PER_CODE + 1}
    assert findings.totals == {"error": MAX_PER_CODE + 1}
    assert {(finding.code, finding.severity) for finding in findings.listed} == {("control_character", "error")}
    assert findings.truncated == ("control_character",)

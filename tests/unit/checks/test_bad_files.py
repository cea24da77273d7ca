"""Every file of the corpus gets exactly the verdict, the findings and the lines that it has there."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from tunedrop.domain.checks import examples
from tunedrop.domain.checks.split_examination import Examined

from tests.unit.checks import bad_files
from tests.unit.checks.bad_files import CASES, Case
from tests.unit.checks.splits import run


def places(result: Examined) -> dict[str, tuple[int | None, ...]]:
    found: dict[str, list[int | None]] = defaultdict(list)
    for finding in result.findings:
        found[finding.code].append(finding.line)
    return {code: tuple(lines) for code, lines in found.items()}


def examine(case: Case, **more: Any) -> tuple[Examined, bytes]:
    train = None if case.train is None else bad_files.made(case.train)
    return run(bad_files.made(case.content), train=train, extension=case.extension, size=case.size, **more)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_verdict_the_codes_and_the_lines_are_exact(case):
    result, written = examine(case)
    assert places(result) == case.findings
    assert result.accepted == case.accepted
    assert set(result.normalised) >= set(case.normalised)
    if case.accepted:
        assert written.count(b"\n") == result.written == result.records


SECONDS_LONG = {45, 72}  # no line of these is plain, whatever is looked for: once is enough
PLAIN = [case for case in CASES if case.extension == "jsonl" and case.size is None and case.number not in SECONDS_LONG]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.id)
def test_looking_only_for_errors_comes_to_the_same_verdict_and_the_same_bytes(case):
    everything, lines = examine(case)
    errors, same_lines = examine(case, level="errors")
    assert errors.accepted == everything.accepted
    assert (errors.records, errors.errors) == (everything.records, everything.errors)
    if everything.accepted:
        assert same_lines == lines


def test_every_number_up_to_113_has_a_case_or_a_test_of_its_own():
    here = {case.number for case in CASES}
    assert set(range(1, 114)) - here == {99, 100}


def test_099_all_records_are_identical():
    result, _ = run(examples.line().encode() * 1 + b"\n" + (examples.line() + "\n").encode() * 49)
    assert result.accepted
    assert result.counts["exact_duplicate"] == 49


CANARY = "larkspur.canary@kestrel-mail.com"


def test_100_personal_data_is_found_and_never_echoed():
    line = examples.line(f"Write to {CANARY} or charge 4111 1111 1111 1111.", "AKIAQYLPMN5HHHFPZAM2 is the key.")
    result, _ = run(bad_files.after(line))
    assert result.accepted
    assert {"email_address", "secret"} <= set(result.counts)
    told = " ".join(f"{finding.message} {finding.hint} {finding.path}" for finding in result.findings)
    assert not any(piece in told for piece in (CANARY, "canary", "4111", "AKIAQYLPMN5HHHFPZAM2"))

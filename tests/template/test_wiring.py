"""The wiring prover in `make test`: nothing is found in the template as it is, and the seeded faults are."""

from __future__ import annotations

import pytest

from tests.template.wiring.prover import CHECKS, clean, seeded
from tests.template.wiring.seeds import FAULTS, NO_LINTER_SEES
from tests.template.wiring.unmended import UNMENDED

NOT_WIRING = {"a function may not publish its events"}
"""Only the calls that a function makes show that it lacks a right: the prover of permissions looks at those."""


@pytest.fixture(scope="module")
def finders() -> dict[str, set[str]]:
    return seeded()


def test_the_template_as_it_is_has_no_finding_but_the_ones_that_are_still_to_mend():
    found = clean()
    assert sorted(str(each) for each in found - UNMENDED) == []
    assert sorted(str(each) for each in UNMENDED - found) == [], "mended: take it out of unmended.py"


def test_each_seeded_fault_is_found(finders):
    assert {words for words, checks in finders.items() if not checks} == NOT_WIRING


def test_what_no_linter_sees_is_found(finders):
    assert len(NO_LINTER_SEES) == 13
    assert [fault.words for fault in NO_LINTER_SEES if not finders[fault.words]] == []


def test_each_check_finds_some_seeded_fault(finders):
    """A check that finds none of them may be one that can't fail."""
    assert {check.__name__ for check in CHECKS} - set().union(*finders.values()) == set()


def test_each_fault_is_seeded_once(finders):
    assert len(finders) == len(FAULTS)

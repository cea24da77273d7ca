"""A bounded part of the model test, the same runs each time, and what keeps it honest. `make faults` does the rest."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.stateful import bugs, hunt, money_invariants, queues
from tests.faults.stateful.beginnings import BEGINNINGS, STAGES
from tests.faults.stateful.running import running
from tests.faults.stateful.walks import walk
from tests.template.conftest import read_template

MOST_STEPS = 2
ROUND = 2
"""Of the seeds that have each beginning in its turn: in this one the short walks come to all that is wanted of them."""


def test_random_steps_from_each_late_beginning_break_no_invariant():
    reached: Counter[str] = Counter()
    with running() as program:
        for late in range(len(STAGES), len(BEGINNINGS)):
            walk(program, ROUND * len(BEGINNINGS) + late, MOST_STEPS)
            reached += program.reached()
    wanted = ("uploads", "trainings", "purchases", "faults", "swaps", "second_units")
    wanted += ("restores", "idle_stops", "drained")
    assert [name for name in wanted if not reached[name]] == []


@pytest.mark.parametrize("name", bugs.BUGS)
def test_each_seeded_bug_changes_the_code_as_it_stands(name):
    bug = bugs.BUGS[name]
    assert bug.applied() != (bugs.FUNCTIONS / bug.file).read_text("utf-8")


def test_a_seeded_bug_is_found():
    found = hunt.hunt(bugs.BUGS["a purchase is sent before its row says so"])
    assert found is not None
    assert found.invariant == money_invariants.recorded_before_sent.__name__


def test_the_queues_are_those_of_the_template():
    written = read_template()["Resources"]
    for name, seconds in queues.VISIBILITY.items():
        told = written[name]["Properties"]
        assert (told["VisibilityTimeout"], told["RedrivePolicy"]["maxReceiveCount"]) == (seconds, queues.MOST_RECEIVES)

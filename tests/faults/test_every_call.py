"""B2, bounded: some of the faults at some of the calls; `make faults` has them all."""

from __future__ import annotations

import pytest

from tests.faults import every_call
from tests.faults.bench import bench
from tests.faults.kinds import KINDS
from tests.faults.stories import STORIES, Story

SEED = 2


def test_whatever_fails_once_the_upload_the_job_and_its_tracking_end_as_they_would_have():
    tally, stages = every_call.tally(every_call.sample(24, SEED))
    assert not tally.objections, every_call.figures(tally, stages, f"runs drawn by seed {SEED}")
    assert tally.struck == 24
    assert {kind for kind, _ in tally.by_kind} == set(KINDS)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_workflow_that_is_put_back_makes_the_same_calls_again(story: Story):
    with bench() as made:
        empty = made.checkpoint()
        first, again = (every_call.stage(made, story, empty) for _ in range(2))
    assert again.calls == first.calls

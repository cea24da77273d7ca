"""B2, bounded: some of the faults at some of the calls; `make faults` has them all."""

from __future__ import annotations

from tests.faults import every_call
from tests.faults.kinds import KINDS

SEED = 11


def test_whatever_fails_once_the_upload_the_job_and_its_tracking_end_as_they_would_have():
    tally, stages = every_call.tally(every_call.sample(24, SEED))
    assert not tally.objections, every_call.figures(tally, stages, f"runs drawn by seed {SEED}")
    assert tally.struck == 24
    assert {kind for kind, _ in tally.by_kind} == set(KINDS)

"""Whether the last verdict on a model speaks against it, whichever side of the contrast it was."""

from __future__ import annotations

import pytest
from tunedrop_cli import judged_models


@pytest.mark.parametrize(
    ("verdict", "candidate", "is_worse"),
    [("worse", "mine", True), ("better", "mine", False), ("better", "other", True), ("worse", "other", False)],
)
def test_a_model_is_worse_as_candidate_or_as_rival(verdict, candidate, is_worse):
    contrast = {"verdict": verdict, "candidate_job_id": candidate, "against_job_id": "mine"}
    assert judged_models.is_worse([{"contrasts": [contrast]}], "mine") is is_worse


def test_without_an_evaluation_nothing_speaks_against_it():
    assert not judged_models.is_worse([], "mine")

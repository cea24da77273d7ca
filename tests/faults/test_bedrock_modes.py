"""B4, bounded: `make faults` has every mode with every fault."""

from __future__ import annotations

from datetime import timedelta

from tests.faults import bedrock_modes
from tests.faults.bedrock_modes import LAG, Mode


def test_one_is_bought_although_bedrock_forgets_every_token_and_its_lists_lag():
    found = bedrock_modes.explored(Mode(forgets=True, lag=LAG), "create, by the hour", share=0.03)
    assert found.objections == []
    assert found.overlap == timedelta()
    assert found.runs > 5

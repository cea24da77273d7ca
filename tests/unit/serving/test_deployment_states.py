"""A deployment's states as people are told them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
from tunedrop.domain.serving import deployment_states
from tunedrop.domain.serving.deployment_states import Deployment, DeploymentState, HiddenState

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize("state", get_args(DeploymentState))
@pytest.mark.parametrize("hidden", [None, *get_args(HiddenState)])
def test_only_what_is_being_made_stands_before_its_gate_now_and_in_its_history(state, hidden):
    deployment = Deployment(
        name="live",
        state=state,
        serving="on_demand",
        base_model="nova-lite",
        job_id="job",
        dataset="support",
        version=1,
        generation=1,
        owner="team",
        model_units=0,
        created_at=NOW,
        hidden=hidden,
    )
    noted = deployment_states.note(deployment, "so it is", NOW)
    assert noted.shown == noted.history[-1].shown == (hidden if hidden and state == "Creating" else state)

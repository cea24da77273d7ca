"""What a deployment may take."""

from __future__ import annotations

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.serving import deployment_states, deployment_wish
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.errors import InvalidInput

HAIKU = catalogue.find("claude-3-haiku")
NOVA = catalogue.find("nova-lite")


def test_what_is_left_open_follows_the_base_model_and_the_stack():
    assert deployment_wish.resolve(DeploymentRequest("prod"), HAIKU, default_hours=8) == DeploymentWish(
        "prod", "provisioned_throughput", 1, 8
    )
    on_demand = deployment_wish.resolve(DeploymentRequest("prod"), NOVA, default_hours=8)
    assert on_demand == DeploymentWish("prod", "on_demand", 0, None)


def test_an_on_demand_deployment_ends_by_itself_only_when_asked():
    assert deployment_wish.resolve(DeploymentRequest("prod", hours=2), NOVA, default_hours=8).hours == 2


def test_units_make_no_sense_on_demand():
    with pytest.raises(InvalidInput) as refusal:
        deployment_wish.resolve(DeploymentRequest("prod", serving="on_demand", model_units=1), NOVA, default_hours=8)
    assert refusal.value.code == "model_units_not_possible"


@pytest.mark.parametrize("name", ["a", "support-bot-prod", "x" * 32, "7"])
def test_plain_names_are_taken(name):
    deployment_states.check_name(name, catalogue.catalogue())


@pytest.mark.parametrize(
    "name", ["", "A", "a_b", "a--b", "-a", "a-", "a b", "x" * 33, "a/b", "\u00e9", "claude-3-haiku"]
)
def test_other_names_are_refused(name):
    with pytest.raises(InvalidInput):
        deployment_states.check_name(name, catalogue.catalogue())

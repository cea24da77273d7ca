"""Calls of Bedrock that other tests do not make: a policy must allow them all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from moto.core.config import default_user_config as moto_config
from tunedrop.edges import clients

from tests.integration import bedrock_world
from tests.integration.bedrock_world import World
from tests.integration.messages_world import ScriptedBedrock, make_caller, put_deployment

KEY = "arn:aws:kms:us-west-2:123456789012:key/1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


@pytest.fixture
def on_demand(stack, environment) -> World:
    """A world whose models are served on demand, and may not be bought."""
    return bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1", MAX_MODEL_UNITS="0")


def test_a_custom_model_is_encrypted_with_the_key_that_the_stack_names(stack, environment):
    world = bedrock_world.make(stack, environment)
    world.settings = replace(world.settings, model_key_arn=KEY)
    job = world.start()
    world.deliver()
    created = clients.bedrock().get_model_customization_job(jobIdentifier=world.job(job.id).arn or "")
    assert created["outputModelKmsKeyArn"] == KEY


def test_a_deployment_that_no_list_shows_is_asked_for_itself(on_demand):
    on_demand.ready()
    event = "after-call.bedrock.ListCustomModelDeployments"

    def hide(parsed, **_):
        parsed["modelDeploymentSummaries"] = []

    clients.bedrock().meta.events.register(event, hide)
    on_demand.wait(300)
    clients.bedrock().meta.events.unregister(event, hide)
    assert on_demand.purchase().state == "live"


def test_a_deployment_that_a_person_made_on_our_model_is_told_from_ours_by_its_tags(on_demand):
    job = on_demand.trained()
    made = clients.bedrock().create_custom_model_deployment(
        modelDeploymentName="made-by-hand", modelArn=job.model_arn or ""
    )
    on_demand.wait(0)
    on_demand.clock.advance(300)
    found = on_demand.reconcile()
    assert [each.arn for each in found.foreign] == [made["customModelDeploymentArn"]]
    assert on_demand.purchase().arn != made["customModelDeploymentArn"]


def test_a_deployment_on_demand_is_asked_by_its_arn(stack, environment):
    environment.setitem(moto_config["core"]["passthrough"], "urls", [r"https://bedrock-runtime\."])
    arn = "arn:aws:bedrock:us-west-2:123456789012:custom-model-deployment/a1b2c3d4e5f6"
    put_deployment(stack, arn, serving="on_demand", base_model="llama-3-3-70b", model_units=0)
    bedrock = ScriptedBedrock(error="ThrottlingException", status=429).mounted()
    assert make_caller(stack).refusal()[0] == 429
    (asked,) = bedrock.requests
    assert "custom-model-deployment" in asked.url

"""POST /evaluations: candidates are asked the test split, within their calls, and judged; whatever happens between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import evaluation_world
from tests.integration.bedrock_world import World
from tests.integration.evaluation_world import get, post, report


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.make(stack, environment)


def completed(world: World, body: Any = None) -> str:
    evaluation = post(world, body)
    world.deliver()
    return evaluation["id"]


def test_a_model_that_learned_its_labels_is_better_than_its_base(world):
    evaluation_id = completed(world, {"gate": "better"})
    told = get(world, evaluation_id)
    assert (told["state"], told["verdict"], told["outcome"]) == ("Completed", "better", "passed")
    assert told["answered"] == told["expected"] == 2 * (60 + 30)
    assert "better" in told["summary"]
    assert world.told() == ["EvaluationCompleted"]
    assert report(world, evaluation_id)["records"] == 60

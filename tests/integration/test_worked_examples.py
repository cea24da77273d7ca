"""What the simulated models of the examples learned: of the data as it is, of noise, and by heart.

The base model knows half of the right answers, as in the demo.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from bedrock_simulator.memory import Memory

from demo.worked_example import BASE_KNOWS, names, records
from tests.integration import evaluation_world
from tests.integration.caller import call
from tests.integration.evaluation_world import get, post

SPLITS = ("train", "validation", "test")
ASKED = 80
"""Of 400: enough for differences of this size."""
METRIC = {"summaries": "rouge_l"}


def judged(stack: Any, environment: Any, splits: Any, metric: str | None = None, **request: Any) -> Any:
    """The world of these splits, and the evaluation of what was trained on them, with a gate of `better`."""
    world = evaluation_world.of_examples(stack, environment, splits, base_knows=BASE_KNOWS, **request)
    asked = post(world, {"gate": "better", "metric": metric} if metric else {"gate": "better"})
    world.deliver()
    return world, get(world, asked["id"])


def splits_of(name: str, asked: int = ASKED) -> dict[str, list[tuple[str, str]]]:
    splits = {split: list(records(name, split)) for split in SPLITS}
    return {**splits, "test": splits["test"][:asked]}


def shuffled(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each question with the answer to another one."""
    answers = [answer for _, answer in pairs]
    random.Random(1).shuffle(answers)
    return [(question, answer) for (question, _), answer in zip(pairs, answers, strict=True)]


def test_a_model_that_learned_passes_the_gate(stack, environment):
    """By what noise is held against here; `make prove` runs each example whole, and tests/e2e one."""
    _, found = judged(stack, environment, splits_of("structured-output"))
    assert (found["verdict"], found["outcome"]) == ("better", "passed")


def test_a_model_trained_too_long_on_the_same_data_fails_the_gate_that_the_defaults_pass(stack, environment):
    too_long = {"epochCount": 5, "learningRate": 0.00002}
    _, found = judged(stack, environment, splits_of("structured-output"), hyperparameters=too_long)
    assert (found["verdict"], found["outcome"]) == ("worse", "failed")


@pytest.mark.parametrize("name", names())
def test_a_model_trained_on_noise_does_not_pass_the_gate(stack, environment, name):
    splits = splits_of(name)
    noise = {**splits, "train": shuffled(splits["train"])}
    _, found = judged(stack, environment, noise, METRIC.get(name))
    assert (found["verdict"], found["outcome"]) == ("worse", "failed")


def test_a_model_that_knows_its_few_records_by_heart_is_told_by_its_losses_and_by_what_it_never_saw(stack, environment):
    splits = splits_of("company-questions", 2 * ASKED)
    few = splits["train"][:24]
    world, found = judged(
        stack,
        environment,
        {**splits, "train": few, "test": [*few, *splits["test"]]},
        hyperparameters={"epochCount": 5, "learningRate": 0.0001},
    )
    assert all(Memory(few).answer(question) == answer for question, answer in few)
    assert found["left_out"] == {"leaks_from_train": len(few)}
    assert found["records"] == 2 * ASKED
    assert (found["verdict"], found["outcome"]) == ("worse", "failed")
    (job,) = call("GET", "/jobs", cloud=world.cloud)[1]["jobs"]
    diagnosis = call("GET", f"/jobs/{job['id']}", cloud=world.cloud)[1]["diagnosis"]
    assert "overfitting" in [each["code"] for each in diagnosis]

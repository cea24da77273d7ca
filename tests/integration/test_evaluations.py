"""POST /evaluations: what is asked of whom, what it is refused for, and what comes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import fmean
from typing import Any

import pytest
from bedrock_simulator import Lifecycle
from bedrock_simulator.knowledge import Skill
from tunedrop.actions.datasets import erase_data
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training.start_request import DeploymentRequest

from tests.integration import evaluation_world
from tests.integration.bedrock_world import World
from tests.integration.caller import call, refused
from tests.integration.evaluation_world import (
    BASES,
    LABELS,
    OURS,
    THEIRS,
    asked,
    get,
    post,
    report,
    row,
    settle,
    start,
    stop,
    ticket,
)

MODELS = {"nova-lite": OURS, "nova-micro": THEIRS, "nova-pro": "amazon.nova-pro-v1:0"}


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.of_bases(stack, environment)


def answer(world: World, body: Any, **query: str) -> tuple[int, str]:
    """Status and code of what a request is refused with."""
    key = None if query else world.new_id()
    whole = {"dataset": "support", **BASES, **body}
    return refused(call("POST", "/evaluations", whole, key=key, query=query or None, cloud=world.cloud))


def deleted(world: World) -> Any:
    """DELETE /datasets/support."""
    return call("DELETE", "/datasets/support", cloud=world.cloud)


def test_a_model_that_learned_its_labels_is_better_than_its_base(stack, environment):
    world = evaluation_world.make(stack, environment, tested=20)
    evaluation_id = post(world, {"gate": "better"})["id"]
    world.deliver()
    told = get(world, evaluation_id)
    assert (told["state"], told["verdict"], told["outcome"]) == ("Completed", "better", "passed")
    assert told["answered"] == told["expected"] == told["calls"] == 2 * (20 + 20)
    assert "better" in told["summary"]
    assert world.told() == ["EvaluationCompleted"]
    assert report(world, evaluation_id)["records"] == 20


def test_a_model_that_provisioned_throughput_serves_is_asked_by_it(stack, environment):
    wish = DeploymentRequest("support-prod", serving="provisioned_throughput", model_units=1)
    world = evaluation_world.make(stack, environment, tested=3, deployment=wish)
    evaluation = settle(world, post(world)["id"])
    assert ":provisioned-model/" in evaluation.candidates[0].model
    assert [each["failed"] for each in report(world, evaluation.id)["candidates"]] == [0, 0]


def test_what_the_plan_says_is_asked_and_nothing_before(world):
    plan = post(world, BASES, plan="true")
    assert world.door.calls("Converse") == 0
    told = get(world, settle(world, start(world, plan_id=plan["plan_id"])).id)
    assert {name: told[name] for name in ("records", "left_out", "metric", "most_calls", "candidates")} == {
        name: plan[name] for name in ("records", "left_out", "metric", "most_calls", "candidates")
    }
    assert world.door.calls("Converse") == plan["calls"] == told["calls"]
    output = sum(each["output_tokens"] for each in report(world, told["id"])["candidates"])
    assert 0 < output <= plan["output_tokens"]


def test_a_plan_that_has_changed_is_refused_and_nothing_is_written(world):
    plan = post(world, BASES, plan="true")
    assert answer(world, {"plan_id": plan["plan_id"], "max_records": 5}) == (409, "plan_changed")
    assert answer(world, {"plan_id": plan["plan_id"], "margin": 0.05}, plan="true") == (409, "plan_changed")
    assert not [each for each in world.rows() if each["pk"]["S"].startswith("EVALUAT")]
    assert evaluation_world.messages(world) == []


def test_a_request_that_is_repeated_is_one_evaluation_before_and_after_its_end(world):
    first = post(world, BASES, key="once")
    again = post(world, BASES, key="once")
    settle(world, first["id"])
    late = post(world, BASES, key="once")
    evaluation_world.work(world)
    assert first["id"] == again["id"] == late["id"]
    assert world.door.calls("Converse") == 2 * (12 + 12)
    assert len(call("GET", "/evaluations", cloud=world.cloud)[1]["evaluations"]) == 1


def test_what_would_flatter_the_tuned_model_or_has_no_words_is_not_asked(stack, environment):
    leak, twice, picture = ticket(7), ticket(1_000), ticket(2_000)
    leak["messages"][0]["content"][0]["text"] += "  ?"
    picture["messages"][0]["content"].append({"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}})
    world = evaluation_world.of_bases(stack, environment, tested=3, records=[leak, twice, picture])
    plan = post(world, BASES, plan="true")
    assert plan["left_out"] == {"leaks_from_train": 1, "duplicates": 1, "not_text": 1}
    assert any("1 records of test are in train" in each for each in plan["warnings"])
    evaluation = settle(world, start(world))
    assert dict(evaluation.left_out) == plan["left_out"]
    assert world.door.calls("Converse") == plan["calls"] == 2 * (3 + 3)


def test_of_many_records_the_same_ones_are_asked_each_time(world):
    first, second = (settle(world, start(world, max_records=5)) for _ in range(2))
    assert dict(first.left_out) == {"max_records": 7}
    questions = [
        world.stack.s3.get_object(Bucket=world.stack.bucket, Key=f"evaluations/support/1/{each.id}/questions.jsonl")
        for each in (first, second)
    ]
    assert len({each["Body"].read() for each in questions}) == 1


def test_several_others_are_judged_apart_and_adjusted_for_their_number(stack, environment):
    skills = {OURS: Skill(1.0), THEIRS: Skill(0.0), MODELS["nova-pro"]: Skill(0.0)}
    world = evaluation_world.of_bases(stack, environment, tested=8, skills=skills)
    against = ["nova-micro", "nova-pro"]
    plan = post(world, {**BASES, "against": against}, plan="true")
    told = report(world, settle(world, start(world, against=against)).id)
    assert world.door.calls("Converse") == plan["calls"] == 3 * (8 + 8)
    assert [each["name"] for each in told["candidates"]] == ["nova-lite", *against]
    assert told["declared"]["verdict"] == told["others"][0]["verdict"] == "better"


def test_planted_skills_are_measured_as_they_were_planted(stack, environment):
    """What verdicts come of such counts, and how often, `tests/planted.py` and the oracles say."""
    shares = {"nova-lite": 0.80, "nova-micro": 0.80, "nova-pro": 0.90, "claude-3-haiku": 0.77}
    models = {name: catalogue.find(name).inference_id for name in shares}
    skills = {models[name]: Skill(share) for name, share in shares.items()}
    world = evaluation_world.of_bases(stack, environment, tested=24, skills=skills)
    told = report(world, settle(world, start(world, against=list(shares)[1:])).id)

    known = evaluation_world.knowledge(numbers := range(1_000, 1_024), skills)
    right = {
        name: [known.recalled(models[name], share, asked(number)) == LABELS[number % 4] for number in numbers]
        for name, share in shares.items()
    }
    assert {each["name"]: each["scores"]["exact_match"] for each in told["candidates"]} == {
        name: fmean(found) for name, found in right.items()
    }
    for judged in (told["declared"], *told["others"]):
        pairs = list(zip(right["nova-lite"], right[judged["against"]], strict=True))
        assert (judged["better"], judged["worse"]) == (pairs.count((True, False)), pairs.count((False, True)))
    assert {each["flip_rate"] for each in told["candidates"]} == {0}


def test_an_answer_that_is_cut_off_is_wrong(stack, environment):
    world = evaluation_world.of_bases(stack, environment, skills={OURS: Skill(1.0)})
    ours, theirs = report(world, settle(world, start(world)).id)["candidates"]
    assert (ours["truncated"], theirs["truncated"], theirs["failed"]) == (0, 12, 0)
    assert (ours["scores"]["exact_match"], theirs["scores"]["exact_match"]) == (1, 0)


# --- refused


def test_a_base_model_at_its_end_of_life_is_not_asked(stack, environment):
    over = {THEIRS: Lifecycle("LEGACY", end_of_life=datetime(2026, 1, 1, tzinfo=UTC))}
    world = evaluation_world.of_bases(stack, environment, lifecycle=over)
    assert answer(world, {}) == (409, "base_not_callable")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"candidate": "support-prod"}, (422, "unknown_candidate")),
        ({"against": ["base"]}, (422, "same_candidate")),
        ({"metric": "json_match"}, (422, "references_not_json")),
        ({"version": 9}, (404, "unknown_version")),
        ({"dataset": "nobody"}, (404, "unknown_dataset")),
        ({"candidate": "llama-3-1-8b"}, (409, "not_prepared")),
        ({"against": ["nova-2-lite"]}, (409, "base_not_callable")),
    ],
)
def test_what_can_be_known_is_refused_before_anything_is_spent(world, body, wanted):
    assert answer(world, body) == answer(world, body, plan="true") == wanted
    assert evaluation_world.messages(world) == []
    assert world.door.calls("Converse") == 0


def test_a_deployment_that_is_not_ready_is_not_asked(world):
    world.start(deployment="support-prod")
    assert answer(world, {"candidate": "support-prod"}) == (409, "deployment_not_ready")


def test_data_that_an_evaluation_reads_are_not_deleted_until_it_has_ended(world):
    settle(world, start(world))
    evaluation_id = start(world)
    assert refused(deleted(world)) == (409, "dataset_in_use")
    stop(world, evaluation_id)
    assert refused(deleted(world)) == (409, "dataset_in_use")
    evaluation_world.work(world)
    assert row(world, evaluation_id).state == "Stopped"
    status, told = deleted(world)
    assert (status, told["state"]) == (202, "erasing")
    (erasing,) = world.stack.messages(world.stack.upload_queue_url)
    erase_data.erase(erasing, world.cloud)
    listed = world.stack.s3.list_objects_v2(Bucket=world.stack.bucket)
    assert not [each for each in listed.get("Contents", ()) if "/support/" in each["Key"]]
    assert get(world, evaluation_id)["state"] == "Stopped"

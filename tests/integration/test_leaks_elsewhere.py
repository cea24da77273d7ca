"""A candidate is not asked what it was trained on in another version, in another dataset, or by a model before it.

Labels are drawn by a digest, so that nobody can know the right one but who has read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from tunedrop.actions.deployments import find_model
from tunedrop.actions.evaluations import find_leaks
from tunedrop.domain.formats import all_formats
from tunedrop.domain.records import stored_fingerprints
from tunedrop.domain.records.fingerprints import Fingerprints
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.domain.versions import object_keys
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.writes import Delete, Key

from tests.integration import evaluation_world
from tests.integration.bedrock_world import BOUGHT, TRAINED, World
from tests.integration.caller import call
from tests.integration.evaluation_world import LABELS, another, post, report, settle

BETTER = {"against": ["base"], "gate": "better"}


def drawn(number: int) -> dict[str, Any]:
    ticket = evaluation_world.ticket(number)
    digest = hashlib.sha256(str(number).encode()).digest()
    ticket["messages"][1]["content"][0]["text"] = LABELS[digest[0] % len(LABELS)]
    return ticket


def tickets(numbers: range) -> list[dict[str, Any]]:
    return [drawn(number) for number in numbers]


@pytest.fixture
def world(stack, environment) -> World:
    """support-prod learned tickets 0 to 199 from support@1."""
    world = evaluation_world._with_data(stack, environment, tickets(range(1_000, 1_040)), learns=drawn)
    serve(world, "support-prod")
    return world


def serve(world: World, name: str, **request: Any) -> str:
    job = world.start(deployment=DeploymentRequest(name), **request)
    world.deliver()
    world.wait(TRAINED)
    world.wait(0)
    world.wait(BOUGHT)
    return job.id


def left_out(plan: Any) -> Any:
    """Which records nobody is asked, or 409 where that is all of them."""
    return plan["error"]["details"]["left_out"] if "error" in plan else plan["left_out"]


def said(warnings: Sequence[str], words: str) -> bool:
    return any(words in each for each in warnings)


def test_what_was_trained_on_in_another_version_is_not_asked_and_does_not_decide(world):
    another(world, trained=tickets(range(500, 600)), tested=tickets(range(200)))
    assert left_out(post(world, BETTER, plan="true")) == {"trained_on": 200}
    assert (
        call(
            "POST",
            "/evaluations",
            {"dataset": "support", "candidate": "support-prod", **BETTER},
            key=world.new_id(),
            cloud=world.cloud,
        )[0]
        == 409
    )


def test_the_plan_and_the_report_name_the_data_and_agree_on_how_many(world):
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(180, 240)))
    plan = post(world, BETTER, plan="true")
    assert plan["left_out"] == {"trained_on": 20}
    named = "20 records of test are in train of support@1, from which support-prod learned, and not asked."
    assert said(plan["warnings"], named)
    evaluation = settle(world, post(world, {**BETTER, "plan_id": plan["plan_id"]})["id"])
    assert (dict(evaluation.left_out), evaluation.records) == (plan["left_out"], plan["records"] == 40 and 40)
    assert {"severity": "info", "code": "trained_on", "words": named} in report(world, evaluation.id)["caveats"]
    assert report(world, evaluation.id)["candidates"][0]["scores"]["exact_match"] < 0.5, "no label is known by heart"


def test_a_leak_from_the_versions_own_train_counts_as_that(world):
    another(world, trained=tickets(range(190, 210)), tested=tickets(range(180, 220)))
    assert left_out(post(world, BETTER, plan="true")) == {"leaks_from_train": 20, "trained_on": 10}


def test_another_dataset_and_a_model_before_it_count_too(world):
    other = another(world, trained=tickets(range(300, 400)), tested=[], version=1, dataset="orders")
    assert other.name == "orders"
    first = world.deployment().job_id
    serve(world, "second", dataset="orders", from_job=first)
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(150, 350)))
    plan = post(world, {**BETTER, "candidate": "second"}, plan="true")
    assert plan["left_out"] == {"trained_on": 100}
    assert said(plan["warnings"], "50 records of test are in train of orders@1, from which second learned")
    assert said(plan["warnings"], "50 records of test are in train of support@1, from which second learned")
    rival = post(world, {"candidate": "nova-lite", "against": ["second"]}, plan="true")
    assert rival["left_out"] == {"trained_on": 100}, "it flatters a rival as well"


def test_a_gate_knows_what_the_model_learned_from_that_a_job_would_tune_further(world):
    another(world, trained=tickets(range(500, 600)), tested=tickets(range(100, 220)))
    body = {
        "dataset": "support",
        "base_model": "nova-lite",
        "from_job": world.deployment().job_id,
        "deployment": {"name": "third"},
        "evaluation": {"gate": "better"},
    }
    _, plan = call("POST", "/jobs", body, query={"plan": "true"}, cloud=world.cloud)
    assert plan["evaluation"]["left_out"] == {"trained_on": 100}
    put = {"job_id": body["from_job"], "evaluation": {"gate": "better"}}
    _, plan = call("PUT", "/deployments/fourth", put, query={"plan": "true"}, cloud=world.cloud)
    assert plan["evaluation"]["left_out"] == {}, "it is judged by the version that it learned from"


def fingerprinted(world: World, numbers: range) -> None:
    """The fingerprints of support@1's train, as its preparation leaves them."""
    prints = Fingerprints()
    for number in numbers:
        record = all_formats.FORMATS["converse"].read(drawn(number)).record
        assert record
        prints.add(record, number + 1, number + 1)
    key = object_keys.fingerprints("support", 1, "train")
    world.stack.s3.put_object(Bucket=world.stack.bucket, Key=key, Body=stored_fingerprints.dump(prints))


def test_data_that_were_erased_are_known_by_their_fingerprints(world):
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(180, 240)))
    fingerprinted(world, range(200))
    erase_train(world)
    assert post(world, BETTER, plan="true")["left_out"] == {"trained_on": 20}


def test_data_that_are_too_large_to_be_read_again_are_known_by_their_fingerprints(stack, environment):
    large = find_leaks.MOST_BYTES + 1
    world = evaluation_world._with_data(stack, environment, tickets(range(1_000, 1_010)), learns=drawn, says=large)
    serve(world, "support-prod")
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(180, 240)))
    fingerprinted(world, range(190))
    assert post(world, BETTER, plan="true")["left_out"] == {"trained_on": 10}
    own = post(world, {**BETTER, "version": 1}, plan="true")
    assert own["left_out"] == {}, "its own train is read if need be"


def erase_train(world: World) -> None:
    train = world.prepared.train
    world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=train.key, VersionId=train.version_id)


def test_data_that_are_gone_are_said_to_be_unchecked(world):
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(180, 240)))
    erase_train(world)
    plan = post(world, BETTER, plan="true")
    words = "support-prod learned from support@1. Its train split is gone or too large to be read again"
    assert (plan["left_out"], said(plan["warnings"], words)) == ({}, True)
    evaluation = settle(world, post(world, BETTER)["id"])
    caveats = report(world, evaluation.id)["caveats"]
    assert [each["severity"] for each in caveats if each["code"] == "leaks_not_checked"] == ["warning"]


def test_data_that_no_job_tells_of_are_said_to_be_unchecked(world):
    another(world, trained=tickets(range(300, 400)), tested=[], version=1, dataset="orders")
    first = world.deployment().job_id
    second = serve(world, "second", dataset="orders", from_job=first)
    forget(world, first)
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(350, 450)))
    words = "Not all that {} learned from is known, as a job behind it is not recorded here"
    plan = post(world, {**BETTER, "candidate": "second"}, plan="true")
    assert (plan["left_out"], said(plan["warnings"], words.format("second"))) == ({"trained_on": 50}, True)
    forget(world, second)
    plan = post(world, {**BETTER, "candidate": "second"}, plan="true")
    assert (plan["left_out"], said(plan["warnings"], words.format("second"))) == ({}, True)
    evaluation = settle(world, post(world, {"candidate": "support-prod", "against": ["second"]})["id"])
    (caveat,) = [each for each in report(world, evaluation.id)["caveats"] if each["code"] == "leaks_not_checked"]
    assert caveat["words"].startswith(words.format("support-prod and second"))


def forget(world: World, job_id: str) -> None:
    """The job's row is lost, as where its table is an older copy."""
    world.stack.table.delete(Delete(Key(f"JOB#{job_id}", "JOB")))


def test_data_before_the_farthest_job_that_is_followed_are_said_to_be_unchecked(world):
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(180, 240)))
    table, ours = world.stack.table, world.job(world.deployment().job_id)
    names = [f"OLD{number}" for number in range(find_model.MOST_ANCESTORS)]
    for job_id, before in pairwise([*names, ours.id]):
        assert table.put(job_rows.put_job(replace(ours, id=job_id, from_job=before, revision=0))).done
    assert table.put(job_rows.put_job(replace(ours, from_job=names[0]))).done
    assert said(post(world, BETTER, plan="true")["warnings"], "is not recorded here or too far back")


def test_data_too_large_to_be_read_keep_no_other_from_being_read(world):
    large = find_leaks.MOST_BYTES + 1
    another(world, trained=tickets(range(300, 400)), tested=[], version=1, dataset="orders", says=large)
    serve(world, "second", dataset="orders", from_job=world.deployment().job_id)
    another(world, trained=tickets(range(500, 520)), tested=tickets(range(180, 240)))
    plan = post(world, {**BETTER, "candidate": "second"}, plan="true")
    assert plan["left_out"] == {"trained_on": 20}
    assert said(plan["warnings"], "second learned from orders@1. Its train split is gone or too large")

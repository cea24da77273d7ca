"""POST /evaluations: what is asked of whom, what it is refused for, and what comes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

import pytest
from bedrock_simulator import Lifecycle
from bedrock_simulator.knowledge import Skill
from tunedrop.actions.datasets import erase_data, take_upload
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation import answer_files
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
    ((kind, detail),) = world.stack.published()
    assert (kind, detail["report_key"]) == (
        "EvaluationCompleted",
        f"reports/support/1/evaluations/{evaluation_id}.json",
    )
    assert detail["summary"].startswith(f"Evaluation {evaluation_id} of support-prod on support@1: {told['summary']}")
    assert f"{world.stack.bucket}?region=" in detail["summary"]
    assert detail["next_command"].startswith(f"tunedrop evaluations show {evaluation_id}")
    assert report(world, evaluation_id)["records"] == 20
    (contrast,) = told["contrasts"]
    assert (contrast["verdict"], contrast["against_job_id"]) == ("better", None)
    assert contrast["low"] <= contrast["difference"] == contrast["candidate_score"] - contrast["against_score"]


def test_it_tells_where_the_report_and_every_example_lie_and_signs_no_link(world):
    evaluation = settle(world, start(world))
    told = get(world, evaluation.id)
    folder = f"s3://{world.stack.bucket}/reports/support/1/evaluations/{evaluation.id}"
    assert (told["report_uri"], told["page_uri"]) == (f"{folder}.json", f"{folder}.html")
    assert told["examples_uri"] == f"{folder}.jsonl"
    assert "X-Amz" not in json.dumps(told)
    assert asked(1_000) not in json.dumps(told)
    key = told["examples_uri"].removeprefix(f"s3://{world.stack.bucket}/")
    body = world.stack.s3.get_object(Bucket=world.stack.bucket, Key=key)["Body"].read()
    examples = [json.loads(line) for line in body.splitlines()]
    assert [each["record"] for each in examples] == list(range(1, 13))
    first = examples[0]
    assert (first["messages"], first["references"]) == ([{"role": "user", "content": asked(1_000)}], [LABELS[0]])
    shown = evaluation_world.report(world, evaluation.id)
    for candidate in shown["candidates"]:
        name = candidate["name"]
        for metric, mean in candidate["scores"].items():
            assert fmean(each["scores"][name][metric] for each in examples) == pytest.approx(mean)
        failed = sum(each["answers"][name]["failure"] is not None for each in examples)
        assert failed == candidate["failed"]


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
        world.stack.s3.get_object(Bucket=world.stack.bucket, Key=f"evaluations/support/1/{each.id}/0.questions.jsonl")
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


# --- answers made elsewhere


OLD = "answers/old.jsonl"


def put_answers(world: World, lines: list[dict[str, Any]]) -> None:
    """A file of answers, as it is uploaded."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    world.stack.s3.put_object(Bucket=world.stack.bucket, Key=f"incoming/support/{OLD}", Body=body)


def right(number: int, place: str = "prompt") -> dict[str, Any]:
    """The right answer to the question of that number, from 0."""
    named = asked(1_000 + number) if place == "prompt" else number + 1
    return {place: named, "answer": LABELS[number % len(LABELS)]}


def test_a_file_of_answers_is_judged_against_and_nobody_is_asked_for_it(world):
    put_answers(world, [right(number, "record" if number % 2 else "prompt") for number in range(12)])
    plan = post(world, {**BASES, "against": [OLD]}, plan="true")
    assert plan["calls"] == 12 + 12
    assert not any("old.jsonl" in each for each in plan["warnings"])
    assert {name: plan["answers"][0][name] for name in ("lines", "matched", "missing")} == {
        "lines": 12,
        "matched": 12,
        "missing": 0,
    }
    told = get(world, settle(world, start(world, against=[OLD], plan_id=plan["plan_id"])).id)
    assert world.door.calls("Converse") == told["answered"] == told["expected"] == 12 + 12
    ours, theirs = report(world, told["id"])["candidates"]
    assert (theirs["scores"]["exact_match"], theirs["answered"], theirs["model"]) == (1, 12, f"incoming/support/{OLD}")
    assert {theirs[name] for name in ("cost", "latency_p50_ms", "latency_p95_ms", "flip_rate")} == {None}
    assert ours["latency_p50_ms"] is not None
    assert "answers_from_file" in {each["code"] for each in report(world, told["id"])["caveats"]}


def test_answers_that_are_missing_leave_the_verdict_open_and_the_plan_says_so(world):
    put_answers(world, [*(right(number) for number in range(11)), right(3), {"prompt": "Nobody asked", "answer": "x"}])
    plan = post(world, {**BASES, "against": [OLD]}, plan="true")
    assert {name: plan["answers"][0][name] for name in ("missing", "duplicates", "unmatched")} == {
        "missing": 1,
        "duplicates": 1,
        "unmatched": 1,
    }
    assert any("the verdict is incomplete" in each for each in plan["warnings"])
    told = get(world, settle(world, start(world, against=[OLD], gate="better")).id)
    assert (told["verdict"], told["outcome"]) == ("incomplete", "held")


def test_a_file_that_is_uploaded_again_changes_no_evaluation_that_began_and_the_same_bytes_no_plan(world):
    put_answers(world, [right(number) for number in range(12)])
    plan = post(world, {**BASES, "against": [OLD]}, plan="true")
    put_answers(world, [right(number) for number in range(12)])
    evaluation_id = start(world, against=[OLD], plan_id=plan["plan_id"])
    put_answers(world, [right(0)])
    assert answer(world, {"against": [OLD], "plan_id": plan["plan_id"]}) == (409, "plan_changed")
    settle(world, evaluation_id)
    assert report(world, evaluation_id)["candidates"][1]["answered"] == 12


def test_a_file_that_was_erased_before_it_was_read_ends_the_evaluation_and_nobody_is_asked(world):
    put_answers(world, [right(number) for number in range(12)])
    evaluation_id = start(world, against=[OLD])
    (file,) = (each.answers for each in row(world, evaluation_id).candidates if each.answers)
    world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=file.key, VersionId=file.version_id)
    evaluation = settle(world, evaluation_id)
    assert (evaluation.state, evaluation.failure_code) == ("Failed", "data_gone")
    assert world.door.calls("Converse") == 0


def test_answers_that_arrive_make_no_version_and_no_complaint(world):
    put_answers(world, [right(0)])
    event = {"detail": {"bucket": {"name": world.stack.bucket}, "object": {"key": f"incoming/support/{OLD}"}}}
    before = world.rows()
    take_upload.arrived(event, world.cloud, lambda *_: None)
    assert world.rows() == before
    assert world.told() == []


def test_a_link_uploads_answers_and_no_more_than_they_may_have(world):
    def link(size: int) -> Any:
        body = {"answers": "old.jsonl", "bytes": size}
        return call("POST", "/datasets/support/uploads", body, cloud=world.cloud)

    status, told = link(100)
    assert (status, told["key"], told["max_bytes"]) == (201, f"incoming/support/{OLD}", answer_files.MAX_BYTES)
    assert refused(link(answer_files.MAX_BYTES + 1)) == (422, "file_too_large")


# --- a base model with examples


def test_a_base_model_with_examples_from_train_is_shown_them_before_each_question_and_the_plan_counts_them(world):
    against = ["nova-micro:few_shot=4", "nova-micro"]
    plan, bare = (post(world, {**BASES, "against": each}, plan="true") for each in (against, ["nova-micro"]))
    one = bare["input_tokens"] // 2
    with evaluation_world.sent() as sent:
        told = report(world, settle(world, start(world, against=against, plan_id=plan["plan_id"])).id)
    assert [each["name"] for each in told["candidates"]] == ["nova-lite", *against]
    shown = [each["messages"] for each in sent if len(each["messages"]) > 1]
    assert len(shown) == 12 + 12
    assert {json.dumps(each[:-1]) for each in shown} == {json.dumps(shown[0][:-1])}, "the same examples each time"
    assert [turn["role"] for turn in shown[0]] == ["user", "assistant"] * 4 + ["user"]
    assert {turn["content"][0]["text"] for turn in shown[0] if turn["role"] == "assistant"} == set(LABELS)
    assert not {turn["content"][0]["text"] for turn in shown[0][:-1]} & {
        asked(number) for number in range(1_000, 1_012)
    }
    extra = plan["input_tokens"] - 3 * one
    assert extra > 24 * 4 * 10, "tokens of the examples count in every call"
    tokens = {each["name"]: each["input_tokens"] for each in told["candidates"]}
    assert tokens["nova-micro:few_shot=4"] > 3 * tokens["nova-micro"]


def test_examples_that_train_does_not_have_are_refused(stack, environment):
    world = evaluation_world.of_bases(stack, environment, trained=3)
    assert post(world, {**BASES, "against": ["nova-micro:few_shot=3"]}, plan="true")["candidates"][1]["few_shot"] == 3
    assert answer(world, {"against": ["nova-micro:few_shot=4"]}) == (409, "too_few_examples")
    assert answer(world, {"against": ["nova-micro:few_shot=21"]}) == (422, "unknown_candidate")


# --- what was kept of test's records


def test_what_was_kept_brings_further_right_answers_groups_and_slices(stack, environment):
    kept = {
        number + 1: {"references": [LABELS[(number + 1) % 4]], "ticket": f"t{number // 2}", "channel": "mail"}
        for number in range(24)
    }
    kept |= {number: {**fields, "channel": "phone"} for number, fields in kept.items() if number > 12}
    skills = {OURS: Skill(1.0), THEIRS: Skill(0.0)}
    world = evaluation_world.of_bases(stack, environment, tested=24, skills=skills, kept=kept)
    plan = post(world, {**BASES, "group_by": "ticket"}, plan="true")
    assert plan["kept"] == {"channel": 24, "references": 24, "ticket": 24}
    assert any("24 records are 12 groups by ticket" in each for each in plan["warnings"])
    told = report(world, settle(world, start(world, group_by="ticket")).id)
    assert (told["declared"]["records"], told["declared"]["groups"]) == (24, 12)
    assert {"channel: mail", "channel: phone"} <= {each["slice"] for each in told["slices"]}
    assert not [each for each in told["slices"] if each["slice"].startswith(("ticket", "references"))]

    put_answers(world, [{"record": number + 1, "answer": LABELS[(number + 1) % 4]} for number in range(24)])
    second = report(world, settle(world, start(world, against=[OLD])).id)
    assert second["candidates"][1]["scores"]["exact_match"] == 1, "each gave the further right answer"
    assert second["declared"]["groups"] == 24


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
        ({"against": [OLD]}, (422, "unknown_candidate")),
        ({"against": ["answers/../train.jsonl"]}, (422, "unknown_candidate")),
        ({"candidate": OLD}, (422, "unknown_candidate")),
        ({"group_by": "ticket"}, (422, "unknown_group")),
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

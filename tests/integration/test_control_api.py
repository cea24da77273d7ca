"""ControlApi over datasets, jobs and deployments: from an uploaded file to metrics, and everything that is refused."""

from __future__ import annotations

import json

import dataset_uploaded
import pytest
from bedrock_simulator import Configuration, Lifecycle, Quotas

from tests import builders
from tests.integration import bedrock_world
from tests.integration.caller import call, refused

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
JOB = {"dataset": "support-bot", "base_model": "claude-3-haiku", "hyperparameters": {"epochCount": 3, "batchSize": 8}}


def lines(count, start=0):
    records = [
        {"prompt": f"How do I clean part {number} of the kettle?", "completion": f"Unplug it and wipe part {number}."}
        for number in range(start, start + count)
    ]
    return "\n".join(json.dumps(record) for record in records)


@pytest.fixture
def world(stack, environment):
    return bedrock_world.make(stack, environment, data=False)


@pytest.fixture
def upload(world):
    def put(split, body, dataset="support-bot", extension="jsonl"):
        key = f"incoming/{dataset}/{split}.{extension}"
        stored = world.stack.s3.put_object(Bucket=world.stack.bucket, Key=key, Body=body.encode())
        event = builders.object_created(key, version_id=stored["VersionId"], size=len(body))
        answer = dataset_uploaded.handler(builders.sqs_event(event), builders.LambdaContext())
        assert answer["batchItemFailures"] == []

    return put


@pytest.fixture
def dataset(upload):
    """support-bot@2, with train and validation."""
    upload("train", lines(60))
    upload("validation", lines(40, start=100))


def test_a_job_goes_from_request_to_metrics(world, dataset):
    status, job = call("POST", "/jobs", JOB, key="first")
    assert (status, job["status"]) == (202, "Requested")
    assert job["requested_by"] == builders.CALLER
    assert job["request"]["hyperParameters"]["learningRateMultiplier"] == "1"
    assert (job["dataset"], job["version"]) == ("support-bot", 2)

    world.deliver()
    world.wait(bedrock_world.TRAINED)
    done = call("GET", f"/jobs/{job['id']}")[1]
    assert done["status"] == "Completed", done["failure"]
    assert [entry["status"] for entry in done["timeline"]] == ["Requested", "InProgress", "Completed"]

    assert [each["code"] for each in done["diagnosis"]] == ["too_few_steps"], "24 steps"
    assert done["diagnosis"][0]["severity"] == "info"

    training = call("GET", f"/jobs/{job['id']}/metrics", query={"limit": "10"})[1]
    validation = call("GET", f"/jobs/{job['id']}/metrics", query={"split": "validation"})[1]
    assert training["total"] == done["metric_points"]["training"] == 3 * 8
    assert [point["step"] for point in training["points"]] == list(range(10))
    rest = call("GET", f"/jobs/{job['id']}/metrics", query={"cursor": training["cursor"]})[1]
    assert [point["step"] for point in rest["points"]] == list(range(10, 24))
    assert rest["cursor"] is None
    assert validation["total"] == 3
    assert {file["split"] for file in training["files"]} == {"training", "validation"}
    assert all("X-Amz-Signature=" in file["url"] for file in training["files"]), "encrypted objects refuse SigV2"
    thinned = call("GET", f"/jobs/{job['id']}/metrics", query={"max_points": "8"})[1]
    losses = [point["loss"] for point in (*training["points"], *rest["points"])]
    assert (thinned["total"], thinned["cursor"], len(thinned["points"]) <= 8) == (24, None, True)
    assert {min(losses), max(losses)} <= {point["loss"] for point in thinned["points"]}
    both = {"max_points": "8", "cursor": training["cursor"]}
    assert call("GET", f"/jobs/{job['id']}/metrics", query=both)[1]["error"]["code"] == "invalid_cursor"
    assert all("X-Amz-Signature=" in done[link] for link in ("report_url", "page_url", "picture_url"))
    assert call("GET", "/jobs")[1]["jobs"][0]["report_url"] is None, "links are for whoever asks for one job"
    assert [listed["id"] for listed in call("GET", "/jobs")[1]["jobs"]] == [job["id"]]


def test_a_repeated_request_starts_one_job(world, dataset):
    first = call("POST", "/jobs", JOB, key="same")
    second = call("POST", "/jobs", JOB, key="same")
    world.deliver()

    assert first == second
    assert len(world.bought("customization_job")) == 1
    assert refused(call("POST", "/jobs", JOB | {"version": 2}, key="same")) == (422, "idempotency_key_reused")


def test_a_job_without_an_idempotency_key_is_a_bad_request(world, dataset):
    assert refused(call("POST", "/jobs", JOB)) == (400, "idempotency_key_required")
    assert call("GET", "/jobs")[1]["jobs"] == []


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"hyperparameters": {"learningRateMultiplier": 0.05}}, 422, "hyperparameter_out_of_range", "0.1 to 2"),
        ({"hyperparameters": {"epochCount": True}}, 422, "hyperparameter_type", "epochCount"),
        ({"hyperparameters": {"epochs": 3}}, 422, "unknown_hyperparameter", "epochCount"),
        ({"base_model": "gpt-4"}, 422, "unknown_base_model", "claude-3-haiku"),
        ({"dataset": "nobody"}, 404, "unknown_dataset", "nobody"),
        ({"version": 9}, 404, "unknown_version", "2"),
        ({"base_model": "nova-lite", "hyperparameters": {}}, 422, "base_model_not_in_region", "us-east-1"),
        ({"epochs": 3}, 422, "invalid_request", "epochs"),
        ({"version": "2"}, 422, "invalid_request", "version"),
        ({"deployment": {"name": "claude-3-haiku"}}, 422, "deployment_name_reserved", "base model"),
        ({"deployment": {"name": "Support_Bot"}}, 422, "invalid_deployment_name", "Allowed"),
        ({"deployment": {"name": "bot", "serving": "on_demand"}}, 422, "serving_not_possible", "provisioned"),
        ({"deployment": {"name": "bot", "model_units": 2}}, 409, "model_units_cap", "MaxModelUnits"),
        ({"deployment": {"name": "bot", "hours": 169}}, 422, "out_of_range", "168"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(world, dataset, change, status, code, words):
    answer = call("POST", "/jobs", JOB | change, key="refused")

    assert refused(answer) == (status, code), answer
    assert words in answer[1]["error"]["message"]
    assert call("GET", "/jobs")[1]["jobs"] == []
    assert world.stack.messages(world.settings.spend_queue_url) == []
    assert world.simulator.ledger() == ()


def test_a_rejected_dataset_starts_no_job_and_its_reports_are_named(world, upload):
    upload("train", lines(5))
    status, answer = call("POST", "/jobs", JOB, key="rejected")

    assert (status, answer["error"]["code"]) == (409, "dataset_rejected")
    assert answer["error"]["details"]["reports"] == ["reports/support-bot/1/claude-3-haiku/train.json"]


def test_a_job_takes_the_newest_accepted_version_and_says_which_it_passed_over(world, dataset, upload):
    upload("train", lines(5))
    upload("train", lines(6))
    assert call("DELETE", "/datasets/support-bot/versions/4")[0] == 202
    status, job = call("POST", "/jobs", JOB, key="newest")

    passed_over = [{"version": 4, "status": "deleted"}, {"version": 3, "status": "rejected"}]
    assert (status, job["version"], job["skipped_versions"]) == (202, 2, passed_over)
    assert call("GET", f"/jobs/{job['id']}")[1]["skipped_versions"] == passed_over


def test_a_version_that_is_named_is_the_one_that_is_trained_or_refused(world, dataset, upload):
    upload("train", lines(5))

    assert refused(call("POST", "/jobs", {**JOB, "version": 3}, key="a")) == (409, "dataset_rejected")
    named = call("POST", "/jobs", {**JOB, "version": 1}, key="b")[1]
    assert (named["version"], named["skipped_versions"]) == (1, [])


def test_a_job_whose_version_was_overtaken_is_refused(world, dataset, upload):
    assert call("POST", "/jobs", {**JOB, "expected_version": 2}, key="as-expected")[1]["version"] == 2
    upload("train", lines(61))
    status, answer = call("POST", "/jobs", {**JOB, "expected_version": 2}, key="overtaken")

    assert (status, answer["error"]["code"]) == (409, "version_changed")
    assert answer["error"]["message"] == (
        "The newest accepted version of support-bot for claude-3-haiku is version 3; version 2 was expected."
    )
    assert answer["error"]["details"] == {"field": "expected_version", "newest_accepted": 3, "skipped_versions": []}
    pinned = {**JOB, "version": 2, "expected_version": 3}
    assert call("POST", "/jobs", pinned, key="older")[1]["version"] == 2


def test_a_rejected_upload_overtakes_no_job(world, dataset, upload):
    upload("train", lines(5))
    assert call("POST", "/jobs", {**JOB, "expected_version": 2}, key="k")[1]["version"] == 2
    status, answer = call("POST", "/jobs", {**JOB, "expected_version": 3}, key="l")
    assert (status, answer["error"]["code"]) == (409, "version_changed")
    assert answer["error"]["details"]["skipped_versions"] == [{"version": 3, "status": "rejected"}]


def test_a_legacy_base_model_is_refused_with_its_dates_before_anything_is_spent(stack, environment, request):
    lifecycle = {HAIKU: Lifecycle("LEGACY", "2026-03-10T00:00:00Z", "2026-09-10T00:00:00Z")}
    world = bedrock_world.make(
        stack, environment, configuration=Configuration(lifecycle=lifecycle, quotas=Quotas(model_units=2))
    )
    request.getfixturevalue("upload")("train", lines(60))
    status, answer = call("POST", "/jobs", JOB, key="late")

    assert (status, answer["error"]["code"]) == (409, "base_model_legacy")
    assert "2026-09-10" in answer["error"]["message"]
    assert world.simulator.ledger() == ()


def test_base_models_say_what_can_be_trained_here(world):
    listed = {model["name"]: model for model in call("GET", "/base-models")[1]["base_models"]}

    assert listed["claude-3-haiku"]["trainable"]
    assert listed["claude-3-haiku"]["lifecycle"]["status"] == "ACTIVE"
    assert not listed["nova-lite"]["trainable"]
    assert "us-east-1" in listed["nova-lite"]["missing"][0]
    multiplier = next(
        parameter
        for parameter in listed["claude-3-haiku"]["hyperparameters"]
        if parameter["name"] == "learningRateMultiplier"
    )
    assert (multiplier["minimum"], multiplier["maximum"], multiplier["default"]) == ("0.1", "2", "1")


def test_datasets_and_versions_can_be_read(world, dataset):
    found = call("GET", "/datasets/support-bot")[1]
    version = call("GET", "/datasets/support-bot/versions/2")[1]

    assert (found["latest_version"], found["status"]) == (2, "accepted")
    assert [listed["name"] for listed in call("GET", "/datasets")[1]["datasets"]] == ["support-bot"]
    assert {item["split"]: item["verdict"] for item in version["preparations"]} == {
        "train": "accepted",
        "validation": "accepted",
    }
    numbers = [item["version"] for item in call("GET", "/datasets/support-bot/versions")[1]["versions"]]
    assert numbers == [2, 1]
    assert refused(call("GET", "/datasets/nobody")) == (404, "unknown_dataset")
    assert refused(call("GET", "/datasets/support-bot/versions/7")) == (404, "unknown_version")
    assert refused(call("GET", "/datasets/support-bot/versions/two")) == (422, "invalid_request")


def test_a_running_job_is_stopped_and_an_ended_one_is_not(world, dataset):
    job = call("POST", "/jobs", JOB, key="first")[1]
    world.deliver()
    status, stopping = call("POST", f"/jobs/{job['id']}/stop")
    world.deliver()
    world.wait(bedrock_world.TRAINED)

    assert (status, stopping["stop_requested"]) == (202, True)
    assert call("GET", f"/jobs/{job['id']}")[1]["status"] == "Stopped"
    assert refused(call("POST", "/jobs/nobody/stop")) == (404, "unknown_job")


def test_a_deployment_is_followed_and_given_back(world, dataset):
    wish = {"deployment": {"name": "support-bot-prod", "hours": 2}}
    call("POST", "/jobs", JOB | wish, key="with-deployment")
    assert call("GET", "/deployments/support-bot-prod")[1]["state"] == "Creating"
    assert refused(call("POST", "/jobs", JOB | wish, key="again")) == (409, "deployment_exists")

    world.deliver()
    world.wait(bedrock_world.TRAINED)
    world.wait(bedrock_world.BOUGHT)
    ready = call("GET", "/deployments/support-bot-prod")[1]
    assert (ready["state"], ready["model_units"]) == ("Ready", 1)
    assert ready["expires_at"] is not None
    assert len(world.live()) == 1

    status, releasing = call("DELETE", "/deployments/support-bot-prod")
    world.deliver()
    world.wait(0)
    assert (status, releasing["state"]) == (202, "Releasing")
    assert call("GET", "/deployments/support-bot-prod")[1]["state"] == "Released"
    assert world.live() == []
    assert refused(call("DELETE", "/deployments/nobody")) == (404, "unknown_deployment")

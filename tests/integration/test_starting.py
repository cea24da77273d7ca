"""`[job] start = "on_accept"`: one job of a dataset by itself, within the caps, whatever is delivered twice or late."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import dataset_uploaded
import pytest
from bedrock_simulator import Configuration, Lifecycle
from tunedrop.domain.checks import examples
from tunedrop.domain.evaluation.evaluation_states import Tokens, TokensAllowed
from tunedrop.domain.serving.unit_gates import UnitGate
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import clients
from tunedrop.edges import settings as settings_module
from tunedrop.edges.rows import evaluation_rows

from tests import builders, next_commands
from tests.integration import bedrock_world
from tests.integration.bedrock_world import TRAINED, Crash, World, crash, deaths, refusing
from tests.template.stack import NAME
from tests.unit.evaluation.asked import evaluation

JOBS = "customization_job"
SETTINGS, TRAIN, VALIDATION, TEST = (
    f"incoming/support/{name}" for name in ("dataset.toml", "train.jsonl", "validation.jsonl", "test.jsonl")
)
ON_ACCEPT = 'owner = "support-team"\n[job]\nstart = "on_accept"\n'


@pytest.fixture
def world(stack, environment) -> World:
    """A stack that lets accepted versions start jobs."""
    return _world(stack, environment, TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true")


def _world(stack, environment, **variables: str) -> World:
    for name, value in variables.items():
        environment.setenv(name, value)
    settings_module.settings.cache_clear()
    return bedrock_world.make(replace(stack, settings=settings_module.settings()), environment, data=False)


def put(world: World, key: str, body: str | bytes) -> dict[str, Any]:
    """Upload, and return the event that S3 sends."""
    content = body.encode() if isinstance(body, str) else body
    stored = world.stack.s3.put_object(Bucket=world.stack.bucket, Key=key, Body=content)
    return builders.object_created(key, version_id=stored["VersionId"], size=len(content))


def deliver(event: dict[str, Any]) -> int:
    """Hand the event to the function; how many messages it gave back."""
    answer = dataset_uploaded.handler(builders.sqs_event(event), builders.LambdaContext())
    return len(answer["batchItemFailures"])


def upload(world: World, key: str, body: str | bytes) -> dict[str, Any]:
    event = put(world, key, body)
    assert deliver(event) == 0
    return event


def told(world: World) -> dict[str, Any]:
    """The newest notification about a dataset."""
    details = [detail for kind, detail in world.stack.published() if kind == "DatasetPrepared"]
    return details[-1]


def started(world: World) -> list[Job]:
    ids = [row["sk"].removeprefix("JOB#") for row in world.stack.table.query("OPEN", "JOB#").rows]
    return [world.job(job_id) for job_id in ids]


def good(count: int = 40, start: int = 0) -> bytes:
    return examples.good(count, start)()


def test_an_accepted_version_starts_the_job_that_its_owner_wrote_down(world):
    wishes = 'hyperparameters = { epochCount = 3 }\n[deployment]\nname = "support-prod"\nhours = 4\n'
    upload(world, SETTINGS, ON_ACCEPT + wishes)
    upload(world, TRAIN, good())
    (job,) = started(world)
    assert (job.status, job.dataset, job.version, job.base_model) == ("Requested", "support", 1, "claude-3-haiku")
    assert (job.owner, job.requested_by) == ("support-team", world.settings.stack_id)
    assert job.hyperparameters["epochCount"] == "3"
    assert (world.purchase().state, world.purchase().hours) == ("planned", 4)
    detail = told(world)
    assert detail["job"] == {"started": True, "job_id": job.id, "code": None, "message": ""}
    assert detail["next_command"] == f"tunedrop jobs show {job.id} --stack-name {NAME}"
    assert detail["summary"].endswith(f"Job {job.id} was started.")
    world.deliver()
    world.wait(TRAINED)
    assert world.job(job.id).status == "Completed"
    assert len(world.bought(JOBS)) == 1


def test_without_an_owner_the_stack_itself_is_the_owner(world):
    upload(world, SETTINGS, '[job]\nstart = "on_accept"\n')
    upload(world, TRAIN, good())
    (job,) = started(world)
    assert job.owner == world.settings.stack_id


@pytest.mark.parametrize("order", [(SETTINGS, TRAIN), (TRAIN, SETTINGS)])
def test_in_whatever_order_the_files_come_one_job_is_started(world, order):
    bodies: dict[str, Any] = {SETTINGS: ON_ACCEPT, TRAIN: good()}
    for key in order:
        upload(world, key, bodies[key])
    assert len(started(world)) == 1


@pytest.mark.parametrize("settings", ["", '[job]\nstart = "manual"\n', "[job]\nhyperparameters = { epochCount = 3 }\n"])
def test_nothing_starts_that_was_not_asked_for(world, settings):
    upload(world, SETTINGS, 'owner = "support-team"\n' + settings)
    upload(world, TRAIN, good())
    assert started(world) == []
    detail = told(world)
    assert detail["job"] is None
    assert next_commands.job(detail["next_command"])["dataset"] == "support"


def test_nothing_starts_where_the_stack_does_not_allow_it(stack, environment):
    world = _world(stack, environment)
    upload(world, SETTINGS, ON_ACCEPT)
    upload(world, TRAIN, good())
    assert started(world) == []
    detail = told(world)
    assert (detail["job"]["started"], detail["job"]["code"]) == (False, "jobs_on_accept_off")
    assert next_commands.job(detail["next_command"]) == {
        "dataset": "support",
        "base_model": "claude-3-haiku",
        "version": 1,
    }


GATED = """splits = ["train", "test"]
[deployment]
name = "support-prod"
[evaluation]
gate = "not_worse"
against = ["llama-3-1-8b"]
max_hours = 4
"""


def test_what_decides_whether_its_deployment_goes_live_comes_from_the_settings(stack, environment):
    world = _world(stack, environment, TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true", TUNEDROP_MAX_MODEL_UNITS="1")
    upload(world, SETTINGS, ON_ACCEPT + GATED)
    upload(world, TRAIN, good())
    upload(world, TEST, good(5, 500))
    (job,) = started(world)
    evaluation = evaluation_rows.load(world.stack.table, job.evaluation_id or "")
    assert evaluation is not None
    assert (evaluation.state, evaluation.gate, evaluation.owner) == ("WaitingForCapacity", "not_worse", "support-team")
    assert world.purchase().gate == UnitGate(evaluation.id, 4)
    assert (world.purchase().purpose, world.deployment().hidden) == ("evaluate", "Creating")


def test_a_gated_job_that_may_not_start_by_itself_is_proposed_with_its_gate(stack, environment):
    world = _world(stack, environment)
    upload(world, SETTINGS, ON_ACCEPT + GATED)
    upload(world, TRAIN, good())
    upload(world, TEST, good(5, 500))
    proposed = next_commands.job(told(world)["next_command"])
    assert proposed["evaluation"] == {"gate": "not_worse", "against": ["llama-3-1-8b"], "max_hours": 4}


def test_a_rejected_version_starts_nothing(world):
    upload(world, SETTINGS, ON_ACCEPT)
    upload(world, TRAIN, good(3))
    assert started(world) == []
    assert [kind for kind, _ in world.stack.published()] == ["DatasetRejected"]


def test_the_first_version_that_holds_all_the_splits_starts_the_job_and_no_later_one(world):
    upload(world, SETTINGS, ON_ACCEPT + 'splits = ["train", "validation"]\n')
    upload(world, TRAIN, good())
    assert started(world) == []
    assert told(world)["job"]["code"] == "splits_missing"
    upload(world, VALIDATION, good(40, 500))
    (job,) = started(world)
    assert job.version == 2
    assert "validation" in (job.splits or {})
    told(world)
    upload(world, TRAIN, good(50, 1_000))
    detail = told(world)
    assert (detail["job"]["code"], detail["job"]["job_id"]) == ("not_the_first_version", job.id)
    world.deliver()
    assert len(world.bought(JOBS)) == 1


def test_a_version_whose_settings_were_taken_back_meanwhile_starts_nothing(world):
    upload(world, SETTINGS, ON_ACCEPT)
    train = put(world, TRAIN, good())
    prepared: list[str] = []

    def take_back(**_: Any) -> None:
        if not prepared:
            prepared.append("once")
            upload(world, SETTINGS, 'owner = "support-team"\n')

    emitter = clients.s3().meta.events
    emitter.register("before-call.s3.PutObject", take_back)
    try:
        assert deliver(train) == 0
    finally:
        emitter.unregister("before-call.s3.PutObject", take_back)
    assert prepared
    assert started(world) == []


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("hyperparameters = { epochCount = 99 }\n", "hyperparameter_out_of_range"),
        ("hyperparameters = { epochs = 3 }\n", "unknown_hyperparameter"),
        ('base_model = "nova-lite"\n', "base_model_not_in_region"),
        ('[deployment]\nname = "prod"\nserving = "on_demand"\n', "serving_not_possible"),
        ('[deployment]\nname = "prod"\nhours = 999\n', "out_of_range"),
    ],
)
def test_what_post_jobs_would_refuse_is_told_and_never_tried_again(world, extra, code):
    upload(world, SETTINGS, ON_ACCEPT + extra)
    event = upload(world, TRAIN, good())
    detail = told(world)
    assert (detail["job"]["started"], detail["job"]["code"], detail["job"]["job_id"]) == (False, code, None)
    assert detail["job"]["message"] in detail["summary"]
    assert next_commands.job(detail["next_command"])["dataset"] == "support"
    assert deliver(event) == 0
    assert started(world) == []


def test_a_deployment_over_the_cap_starts_no_job(stack, environment):
    world = _world(stack, environment, TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true", TUNEDROP_MAX_MODEL_UNITS="0")
    upload(world, SETTINGS, ON_ACCEPT + '[deployment]\nname = "support-prod"\n')
    upload(world, TRAIN, good())
    assert started(world) == []
    assert told(world)["job"]["code"] == "model_units_cap"


def test_under_a_budget_a_missing_price_starts_nothing_and_the_command_that_starts_it_is_told(stack, environment):
    world = _world(stack, environment, TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true", TUNEDROP_MONTHLY_BUDGET="100")
    wish = '[deployment]\nname = "support-prod"\nserving = "provisioned_throughput"\non_budget = "release"\n'
    upload(world, SETTINGS, ON_ACCEPT + wish)
    upload(world, TRAIN, good())
    assert started(world) == []
    detail = told(world)
    assert detail["job"]["code"] == "price_unknown"
    proposed = next_commands.job(detail["next_command"])
    assert proposed["accept_unknown_price"] is True
    assert proposed["deployment"]["on_budget"] == "release"


def test_what_would_go_over_the_budget_is_not_started_by_itself(stack, environment):
    world = _world(
        stack,
        environment,
        TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true",
        TUNEDROP_MONTHLY_BUDGET="0.01",
        TUNEDROP_PRICES='{"claude-3-haiku.training_per_1000_tokens": 1}',
    )
    upload(world, SETTINGS, ON_ACCEPT)
    upload(world, TRAIN, good())
    assert (started(world), told(world)["job"]["code"]) == ([], "monthly_budget")


def test_an_evaluation_that_asks_takes_its_part_of_the_budget_from_what_starts_by_itself(stack, environment):
    prices = {
        "claude-3-haiku.training_per_1000_tokens": 1,
        "nova-lite.input_per_1000_tokens": 1000,
        "nova-lite.output_per_1000_tokens": 1000,
    }
    world = _world(
        stack,
        environment,
        TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true",
        TUNEDROP_MONTHLY_BUDGET="1000",
        TUNEDROP_PRICES=json.dumps(prices),
    )
    allowed = TokensAllowed((Tokens(900, 100), Tokens(900, 100)), Tokens(40, 32), 0)
    for row in evaluation_rows.begin(evaluation(30, revision=0, allowed=allowed, created_at=world.clock.now())):
        assert world.stack.table.put(row).done
    upload(world, SETTINGS, ON_ACCEPT)
    upload(world, TRAIN, good())
    refused = told(world)["job"]
    assert (started(world), refused["code"]) == ([], "monthly_budget")
    assert "1000.00" in refused["message"]


def test_a_plan_over_the_cap_is_told_with_the_command_that_confirms_it(stack, environment):
    limits = {"TUNEDROP_MAX_TRAINED_TOKENS_PER_JOB": "1000"}
    world = _world(stack, environment, TUNEDROP_ALLOW_JOBS_ON_ACCEPT="true", **limits)
    upload(world, SETTINGS, ON_ACCEPT)
    upload(world, TRAIN, good(400))
    assert started(world) == []
    detail = told(world)
    assert detail["job"]["code"] == "plan_confirmation_required"
    asked = next_commands.job(detail["next_command"])
    assert world.start(**asked).status == "Requested"


def test_when_bedrock_says_nothing_the_verdict_is_told_all_the_same(world):
    upload(world, SETTINGS, ON_ACCEPT)
    with refusing(clients.bedrock(), "GetFoundationModel", "ThrottlingException", 429):
        event = upload(world, TRAIN, good())
    assert told(world)["job"]["code"] == "aws_unavailable"
    assert deliver(event) == 0
    assert started(world) == []


def test_a_base_model_that_bedrock_retires_starts_nothing(world):
    legacy = {"anthropic.claude-3-haiku-20240307-v1:0:200k": Lifecycle("LEGACY")}
    world.simulator.reconfigure(Configuration(lifecycle=legacy))
    upload(world, SETTINGS, ON_ACCEPT)
    upload(world, TRAIN, good())
    assert told(world)["job"]["code"] == "base_model_legacy"


def test_a_job_for_another_base_model_waits_for_its_data_like_any_other(world):
    upload(world, SETTINGS, ON_ACCEPT + 'base_model = "llama-3-1-8b"\n')
    upload(world, TRAIN, good(120))
    (job,) = started(world)
    assert (job.status, job.base_model) == ("Preparing", "llama-3-1-8b")
    world.deliver()
    assert world.job(job.id).status == "InProgress"
    assert len(world.bought(JOBS)) == 1


def test_the_same_message_again_starts_nothing_again(world):
    upload(world, SETTINGS, ON_ACCEPT)
    event = put(world, TRAIN, good())
    for _ in range(3):
        assert deliver(event) == 0
    upload(world, TRAIN, good())
    world.deliver()
    assert len(started(world)) == len(world.bought(JOBS)) == 1


def test_a_refusal_stays_one_when_its_message_comes_again(world):
    upload(world, SETTINGS, ON_ACCEPT)
    event = put(world, TRAIN, good())
    silent = refusing(clients.bedrock(), "GetFoundationModel", "ThrottlingException", 429)
    with silent, refusing(clients.events(), "PutEvents", "InternalException", 500):
        assert deliver(event) == 1
    assert deliver(event) == 0
    assert told(world)["job"]["code"] == "aws_unavailable"
    assert started(world) == []


def from_the_verdict_on(calls: list[str]) -> list[tuple[int, str]]:
    """The calls of a delivery since it wrote the verdict, with their numbers; what is before is the uploads' story."""
    first = calls.index("PutItem", 1)
    return [(nth, name) for nth, name in enumerate(calls) if nth >= first]


def test_a_crash_at_any_call_starts_one_job_in_the_end(world):
    upload(world, SETTINGS, ON_ACCEPT)
    event = put(world, TRAIN, good())
    start = world.checkpoint()
    calls = world.calls_of(lambda: deliver(event))
    assert calls.count("TransactWriteItems") == 2
    since = from_the_verdict_on(calls)
    for nth, name in [each for each in deaths(calls) if each in since]:
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            deliver(event)
        assert deliver(event) == 0, name
        world.deliver()
        world.reconcile()
        world.deliver()
        assert len(started(world)) == 1, name
        assert len(world.bought(JOBS)) == 1, name


@pytest.mark.thorough
def test_a_rival_with_the_same_message_at_any_call_starts_one_job(world):
    upload(world, SETTINGS, ON_ACCEPT)
    event = put(world, TRAIN, good())
    start = world.checkpoint()
    for nth, name in from_the_verdict_on(world.calls_of(lambda: deliver(event))):
        world.restore(start)
        with world.interrupted(lambda: deliver(event), nth, "after"):
            deliver(event)
        world.deliver()
        assert len(started(world)) == len(world.bought(JOBS)) == 1, name


@pytest.mark.thorough
def test_a_later_version_at_any_call_starts_no_second_job(world):
    upload(world, SETTINGS, ON_ACCEPT)
    first, second = put(world, TRAIN, good()), put(world, VALIDATION, good(40, 500))
    start = world.checkpoint()
    for nth, name in from_the_verdict_on(world.calls_of(lambda: deliver(first))):
        world.restore(start)
        with world.interrupted(lambda: deliver(second), nth, "after"):
            deliver(first)
        deliver(second)
        world.deliver()
        assert len(started(world)) == len(world.bought(JOBS)) == 1, name

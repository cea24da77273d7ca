"""Starting jobs: what is refused is refused before anything is written or spent; what is written is written whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from bedrock_simulator import Configuration, Lifecycle, Quotas
from tunedrop.actions.deployments import read_deployments
from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients
from tunedrop.errors import CapExceeded, Conflict, InvalidInput, NotFound, TunedropError, Unavailable

from tests.integration import bedrock_world
from tests.integration.bedrock_world import CALLER, TRAINED, Crash, World, crash, deaths

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def _refused(world: World, kind: type[TunedropError], code: str, **request: Any) -> TunedropError:
    """The refusal; nothing was written, sent or spent."""
    before = world.rows()
    with pytest.raises(kind) as refusal:
        world.start(**request)
    assert refusal.value.code == code
    assert world.rows() == before
    assert world.stack.messages(world.settings.spend_queue_url) == []
    assert world.simulator.ledger() == ()
    return refusal.value


def test_the_request_to_bedrock_is_exact_and_readable_afterwards(world):
    job = world.start(hyperparameters={"epochCount": 4, "learningRateMultiplier": "0.5"})
    world.deliver()
    sent = clients.bedrock().get_model_customization_job(jobIdentifier=job.name)
    bucket = f"s3://{world.stack.bucket}"
    assert job.name.startswith("support-v1-0f1e2d3c-")
    assert job.request["jobName"] == job.request["customModelName"] == sent["jobName"] == job.name
    assert job.request["baseModelIdentifier"] == HAIKU
    assert job.request["roleArn"] == world.settings.bedrock_role_arn
    assert job.request["clientRequestToken"] == job.token == sent["clientRequestToken"]
    assert job.request["trainingDataConfig"] == {"s3Uri": f"{bucket}/prepared/support/1/claude-3-haiku/train.jsonl"}
    assert sent["validationDataConfig"]["validators"][0]["s3Uri"].endswith("/validation.jsonl")
    assert sent["outputDataConfig"] == {"s3Uri": f"{bucket}/outputs/support/1/{job.id}"}
    assert sent["hyperParameters"] == {
        "epochCount": "4",
        "batchSize": "32",
        "learningRateMultiplier": "0.5",
        "earlyStoppingThreshold": "0.001",
        "earlyStoppingPatience": "2",
    }
    assert world.job(job.id).request == job.request
    assert job.splits["train"].sha256 == "sha-of-train"
    tags = {tag["key"]: tag["value"] for tag in job.request["jobTags"]}
    assert tags == {
        "tunedrop:stack": world.settings.stack_id,
        "tunedrop:dataset": "support",
        "tunedrop:version": "1",
        "tunedrop:job": job.id,
        "tunedrop:owner": "support-team",
        "tunedrop:intent": job.intent_id,
        "tunedrop:release": "0.1.0",
    }


def test_the_rate_of_the_article_is_refused_with_the_range(world):
    refusal = _refused(
        world, InvalidInput, "hyperparameter_out_of_range", hyperparameters={"learningRateMultiplier": "0.05"}
    )
    assert "0.1 to 2" in refusal.message
    assert refusal.details["field"] == "hyperparameters.learningRateMultiplier"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"base_model": "gpt-7"}, "unknown_base_model"),
        ({"base_model": "nova-lite"}, "base_model_not_in_region"),
        ({"hyperparameters": {"learningRate": 1}}, "unknown_hyperparameter"),
        ({"hyperparameters": {"epochCount": True}}, "hyperparameter_type"),
        ({"deployment": "Support Prod"}, "invalid_deployment_name"),
        ({"deployment": "nova-lite"}, "deployment_name_reserved"),
        ({"deployment": DeploymentRequest("prod", serving="on_demand")}, "serving_not_possible"),
        ({"deployment": DeploymentRequest("prod", hours=169)}, "out_of_range"),
        ({"deployment": DeploymentRequest("prod", hours=0)}, "out_of_range"),
        ({"deployment": DeploymentRequest("prod", model_units=0)}, "out_of_range"),
    ],
)
def test_what_can_never_be_is_refused_as_invalid(world, request_, code):
    _refused(world, InvalidInput, code, **request_)


def test_data_that_may_not_train_is_refused_in_the_words_of_the_data_side(stack, environment):
    world = bedrock_world.make(stack, environment, data=False)
    bedrock_world.store(stack, world.prepared, verdict="rejected")
    _refused(world, Conflict, "dataset_rejected")


@pytest.mark.parametrize(
    "lifecycle",
    [
        Lifecycle("LEGACY", datetime(2026, 3, 10, tzinfo=UTC), datetime(2027, 9, 10, tzinfo=UTC)),
        Lifecycle("ACTIVE", None, datetime(2026, 9, 10, tzinfo=UTC)),
    ],
)
def test_a_base_model_that_bedrock_retires_is_refused_with_its_dates(world, lifecycle):
    world.simulator.reconfigure(Configuration(lifecycle={HAIKU: lifecycle}))
    refusal = _refused(world, Conflict, "base_model_legacy", deployment="support-prod")
    assert lifecycle.end_of_life.date().isoformat() in refusal.message
    assert refusal.details["ends_at"] == lifecycle.end_of_life.date().isoformat()


def test_a_variant_that_bedrock_does_not_find_is_still_tuned_if_it_is_listed(world):
    world.simulator.reconfigure(Configuration(variants_resolve=False))
    assert world.start().status == "Requested"


def test_the_plain_id_tells_the_lifecycle_where_a_variant_is_not_found(world):
    legacy = Lifecycle("LEGACY", datetime(2026, 3, 10, tzinfo=UTC))
    world.simulator.reconfigure(Configuration(variants_resolve=False, lifecycle={HAIKU: legacy}))
    _refused(world, Conflict, "base_model_legacy")


@pytest.mark.parametrize("variants_resolve", [True, False])
def test_a_base_model_that_bedrock_does_not_list_as_tunable_today_is_refused(world, variants_resolve):
    world.simulator.reconfigure(Configuration(not_tuned=frozenset({HAIKU}), variants_resolve=variants_resolve))
    assert "ListFoundationModels" in _refused(world, Conflict, "base_model_unavailable").message


def test_without_a_raised_cap_no_model_units_are_planned(world):
    world.settings = replace(world.settings, max_model_units=0)
    refusal = _refused(world, CapExceeded, "model_units_cap", deployment="support-prod")
    assert "MaxModelUnits=1" in refusal.message


def test_more_units_than_the_cap_are_refused(world):
    _refused(world, CapExceeded, "model_units_cap", deployment=DeploymentRequest("prod", model_units=2))


def test_an_account_without_quota_is_told_before_training(world):
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=0)))
    refusal = _refused(world, CapExceeded, "account_quota", deployment="support-prod")
    assert "L-BE77399C" in refusal.message


def test_a_quota_of_the_base_model_alone_forbids_its_deployment(world):
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=2, model_units_by_model={HAIKU: 0})))
    refusal = _refused(world, CapExceeded, "account_quota", deployment="support-prod")
    assert refusal.details["quota_name"] == "Model units per provisioned model for Anthropic Claude 3 Haiku 200K"
    assert "AWS Support" in refusal.message


@pytest.mark.parametrize("quotas", [Quotas(custom_models=0), Quotas(scheduled_jobs=0)])
def test_an_account_that_may_not_train_at_all_is_told_so(world, quotas):
    world.simulator.reconfigure(Configuration(quotas=quotas))
    _refused(world, CapExceeded, "account_quota")


def test_an_account_without_quota_may_still_train(world):
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=0)))
    assert world.start().status == "Requested"


def test_a_large_plan_is_shown_and_only_started_when_it_is_confirmed(world):
    world.settings = replace(world.settings, max_trained_tokens_per_job=7_999)
    refusal = _refused(world, Conflict, "plan_confirmation_required")
    shown = refusal.details["plan"]
    assert (shown["trained_tokens"], shown["epochs"], shown["steps"]) == (8_000, 2, 8)
    assert shown["cost"]["amount"] is None
    _refused(world, Conflict, "plan_changed", plan_id=shown["plan_id"], hyperparameters={"epochCount": 3})
    _refused(world, Conflict, "plan_changed", plan_id="0" * 32)
    assert world.start(plan_id=shown["plan_id"]).trained_tokens == 8_000


def test_a_configured_price_gives_the_plan_its_cost(world):
    world.settings = replace(world.settings, prices={"claude-3-haiku.training_per_1000_tokens": 0.5})
    assert world.start().cost == {"amount": 4.0, "currency": "USD", "price_per_1000_tokens": 0.5}


def test_a_live_deployments_name_is_taken(world):
    world.start(deployment="support-prod")
    world.stack.messages(world.settings.spend_queue_url)
    refusal = _refused(world, Conflict, "deployment_exists", deployment="support-prod")
    assert refusal.details["state"] == "Creating"


def test_the_same_job_id_is_the_same_job_however_often_it_is_asked_for(world):
    first = world.start(job_id="01hzz-same", deployment="support-prod")
    again = world.start(job_id="01hzz-same", deployment="support-prod")
    assert again == world.job(first.id)
    assert again.intent_id == first.intent_id
    world.deliver()
    assert len(world.bought("customization_job")) == 1


def test_a_crash_at_any_call_of_a_start_leaves_all_of_the_job_or_nothing(world):
    start = world.checkpoint()

    def story() -> Any:
        return world.start(job_id="01hzz-crashed", deployment="support-prod")

    for nth, name in deaths(world.calls_of(story)):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            story()
        written = {row["sk"] for row in world.stack.table.query("OPEN").rows}
        assert written in (set(), {"JOB#01hzz-crashed", "PURCHASE#support-prod#1"}), name
        story()
        world.wait(0)
        assert len(world.bought("customization_job")) == 1, name
        assert world.purchase().state == "planned", name


def test_two_requests_for_one_deployment_name_make_one_job(world):
    losers: list[str] = []

    def rival() -> None:
        world.start(deployment="support-prod")

    calls = world.calls_of(lambda: world.start(deployment="support-prod"))
    with world.interrupted(rival, calls.index("TransactWriteItems")):
        try:
            world.start(deployment="support-prod")
        except Conflict as refusal:
            losers.append(refusal.code)
    assert losers == ["deployment_exists"]
    world.deliver()
    assert len(world.bought("customization_job")) == 1


def test_when_bedrock_does_not_answer_the_request_may_be_sent_again(world):
    for nth in (1, 2, 3):
        world.lose_answer("GetFoundationModel", nth)
    _refused(world, Unavailable, "aws_unavailable")
    assert world.start().status == "Requested"


def test_jobs_and_deployments_are_listed_newest_first_by_pages(world):
    for name in ("one", "two", "three"):
        world.start(deployment=name, cap=3)
        world.clock.advance(60)
    first = read_jobs.list_jobs(2, None, world.cloud)
    rest = read_jobs.list_jobs(2, first.cursor, world.cloud)
    assert [job.deployment.name for job in first.jobs + rest.jobs if job.deployment] == ["three", "two", "one"]
    assert rest.cursor is None
    page = read_deployments.list_deployments(10, None, world.cloud)
    assert [each.deployment.name for each in page.deployments] == ["three", "two", "one"]


@pytest.mark.parametrize("name", ["nowhere", "x" * 3_000, "", "a b"])
def test_what_does_not_exist_is_not_found(world, name):
    with pytest.raises(NotFound):
        read_jobs.get(name, world.cloud)
    with pytest.raises(NotFound):
        read_deployments.get(name, world.cloud)
    with pytest.raises(NotFound):
        world.release(name)
    with pytest.raises(NotFound):
        world.stop(name)


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "\u0661", "9" * 30])
def test_a_cursor_of_our_own_making_is_refused(world, cursor):
    job = world.start()
    with pytest.raises(InvalidInput) as refusal:
        read_jobs.metrics(job.id, "training", 10, cursor, world.cloud)
    assert refusal.value.code == "invalid_cursor"


def test_a_cursor_past_the_end_gives_an_empty_page(world):
    job = world.start()
    page = read_jobs.metrics(job.id, "training", 10, "5", world.cloud)
    assert (page.points, page.total, page.cursor) == ((), 0, None)


def test_an_ended_job_is_not_stopped(world):
    job = world.start()
    world.deliver()
    world.wait(TRAINED)
    with pytest.raises(Conflict) as refusal:
        world.stop(job.id)
    assert refusal.value.code == "job_ended"


def test_giving_back_twice_is_giving_back_once(world):
    world.start(deployment="support-prod")
    first = world.release("support-prod")
    assert world.release("support-prod") == first
    assert first.history[-1].note == f"asked for by {CALLER}"


def test_training_that_would_end_in_a_wait_for_model_units_is_refused_before_it_costs(world):
    first = world.start(deployment="support-prod")
    with pytest.raises(CapExceeded) as refused:
        world.start(deployment="another")
    assert refused.value.code == "model_units_cap"
    assert "support-prod" in refused.value.message
    assert "MaxModelUnits=2" in refused.value.message
    assert [job.id for job in read_jobs.list_jobs(9, None, world.cloud).jobs] == [first.id]

    world.release("support-prod")
    world.deliver()
    assert world.start(deployment="another").status == "Requested"

"""`--write` and `--spend`: nothing without a plan and a yes, nothing twice, and what was begun is given back."""

from __future__ import annotations

import argparse
import io
import json
import sys
from typing import Any

import pytest
from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop.domain.texts import tokens
from tunedrop_cli import pauses
from tunedrop_cli.doctor import changes, paid_plan, paid_steps, sample, shown, upload_steps, writing
from tunedrop_cli.doctor.outcomes import Finding, Outcome, attention, ok
from tunedrop_cli.doctor.paid_plan import NoPlan
from tunedrop_cli.doctor.trip import Step, Trip, travel
from tunedrop_cli.errors import Refused

from tests.unit.cli.healthy_account import ACCOUNT, OUTPUTS, Account, Fault

PRICES = '{"nova-lite.training_per_1000_tokens": 0.002, "nova-micro.training_per_1000_tokens": 0.001}'
LISTED = [
    {"name": "nova-lite", "trainable": True, "serving": ["on_demand", "provisioned_throughput"]},
    {"name": "nova-micro", "trainable": True, "serving": ["on_demand"]},
    {"name": "nova-pro", "trainable": False, "serving": ["on_demand"]},
    {"name": "llama-3-1-8b", "trainable": True, "serving": ["provisioned_throughput"]},
]


# The plan


def test_the_plan_is_the_cheapest_and_says_what_each_part_costs_at_most():
    plan = paid_plan.make(LISTED, PRICES, "USD", 5)
    assert (plan.base_model.name, plan.records) == ("nova-micro", 8)
    assert plan.total == round(sum(plan.costs.values()), 2)
    assert plan.total < 5
    assert all(amount >= 0.01 for amount in plan.costs.values())


@pytest.mark.parametrize(
    ("listed", "prices", "currency", "most", "words"),
    [
        (LISTED, "{}", "USD", 5, "no price is known"),
        (LISTED, "", "USD", 5, "no price is known"),
        (LISTED, '{"nova-lite.training_per_1000_tokens": 0}', "USD", 5, "no price is known"),
        (LISTED, '{"nova-lite.training_per_1000_tokens": -1}', "USD", 5, "no price is known"),
        (LISTED, '{"llama-3-1-8b.training_per_1000_tokens": 0.001}', "USD", 5, "no price is known"),
        (LISTED, '{"nova-lite.model_unit_hour": 20}', "USD", 5, "no price is known"),
        (LISTED, PRICES, "EUR", 5, "the stack's prices are in EUR"),
        (LISTED, PRICES, "USD", 0.01, "costs up to"),
        (LISTED, '{"nova-lite.training_per_1000_tokens": 1000}', "USD", 5, "costs up to"),
        (LISTED[2:], PRICES, "USD", 5, "both trained here today and served on demand"),
    ],
)
def test_nothing_is_planned_whose_price_is_unknown_or_too_high(listed, prices, currency, most, words):
    with pytest.raises(NoPlan, match=words):
        paid_plan.make(listed, prices, currency, most)


def test_a_plan_reckons_more_tokens_than_the_stack_estimates():
    for model in catalogue().values():
        plan = paid_plan._plan(model, 0.001)
        assert plan.trained_tokens > sum(tokens.estimate(record) for record in sample.records(plan.records))


def test_the_sample_is_small_and_no_record_occurs_twice():
    rows = sample.records(600)
    assert len(set(rows)) == 600
    assert [json.loads(line)["prompt"] for line in sample.lines(3, first=5).splitlines()] == [
        prompt for prompt, _ in rows[5:8]
    ]
    assert sample.parquet()[:4] == sample.parquet()[-4:] == b"PAR1"


# The consent


def chosen(**given):
    return argparse.Namespace(**{"write": False, "spend": 5.0, "yes": False, "resume": None} | given)


def spend(account, monkeypatch, answer="", **given):
    monkeypatch.setenv(changes.PRICES_VARIABLE, PRICES)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    told = []
    costs = changes.carry_out(account.reader(), chosen(**given), told.append)
    return told, costs


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "perhaps\n"])
def test_without_a_yes_nothing_is_written(monkeypatch, capsys, answer):
    account = Account()
    (finding,), costs = spend(account, monkeypatch, answer)
    assert (finding.name, finding.outcome.status, costs) == ("paid-plan", "unknown", [])
    assert not [each for each in account.asked if each.startswith(("POST", "DELETE", "sqs.Create"))]
    assert "USD  at most; nothing bills by the hour" in capsys.readouterr().err


def test_a_plan_above_the_amount_is_refused_without_asking(monkeypatch):
    account = Account()
    (finding,), _ = spend(account, monkeypatch, "y\n", spend=0.5)
    assert finding.outcome.status == "failed"
    assert "more than --spend 0.5" in finding.outcome.seen


@pytest.mark.parametrize("arguments", [["--write"], ["--spend", "5"], ["--deep", "--yes"], ["--deep", "--resume", "x"]])
def test_what_writes_or_spends_must_be_asked_for_in_full(tunedrop, arguments):
    ran = tunedrop("doctor", *arguments)
    assert (ran.code, ran.text) == (2, "")


@pytest.mark.parametrize("name", ["support-bot", "doctor-1", "doctor-1a2b3c4d-prod", "../doctor-1a2b3c4d"])
def test_only_a_run_of_its_own_is_gone_on_with_because_its_data_is_erased_in_the_end(tunedrop, name):
    ran = tunedrop("doctor", "--deep", "--spend", "5", "--resume", name)
    assert (ran.code, ran.text) == (2, "")
    assert "--resume takes the name of an earlier run" in ran.err


def test_a_run_has_a_name_that_it_can_be_gone_on_with():
    made = changes._trip(Account().reader(), chosen(spend=None, write=True), None)
    assert changes.NAME.fullmatch(made.name)


@pytest.mark.parametrize("amount", ["0", "-1", "inf", "nan"])
def test_an_amount_must_be_one(tunedrop, amount):
    assert tunedrop("doctor", "--deep", "--spend", amount).code == 2


# The trip


def trip(account, **given):
    return Trip(account.reader(), "doctor-1", catalogue()["nova-micro"], lambda _: None, **given)


JOB: dict[str, Any] = {
    "id": "job-1",
    "dataset": "doctor-1",
    "status": "InProgress",
    "name": "doctor-1-v1",
    "arn": f"arn:aws:bedrock:us-east-1:{ACCOUNT}:model-customization-job/x",
    "model_arn": None,
    "failure": None,
    "timeline": [],
}


def test_a_job_of_an_earlier_run_is_found_and_none_is_started():
    account = Account()
    account.control |= {"GET /jobs": {"jobs": [JOB], "cursor": None}, "GET /jobs/job-1": JOB}
    outcome = paid_steps.job_started(trip(account, resumed=True))
    assert outcome.status == "ok"
    assert not [each for each in account.asked if each.startswith("POST")]


def test_going_on_with_a_run_that_started_no_job_starts_none():
    account = Account()
    account.control["GET /jobs"] = {"jobs": [JOB | {"dataset": "another"}], "cursor": None}
    outcome = paid_steps.job_started(trip(account, resumed=True))
    assert (outcome.status, account.asked) == ("failed", ["GET /jobs"])


def test_more_tokens_than_planned_are_never_trained():
    account = Account()
    account.control["GET /jobs"] = {"jobs": [], "cursor": None}
    on_the_way = trip(account, most_tokens=100)
    on_the_way.tokens = 101
    assert paid_steps.job_started(on_the_way).status == "failed"
    assert account.asked == ["GET /jobs"]


def test_the_job_asks_for_one_epoch_and_a_deployment_that_bills_by_the_call():
    wanted = paid_steps._wanted(trip(Account()))
    assert wanted["hyperparameters"] == {"epochCount": 1}
    assert wanted["deployment"] == {"name": "doctor-1", "serving": "on_demand"}


def interrupted(_):
    raise KeyboardInterrupt


def test_an_interruption_gives_back_and_says_that_the_rest_was_not_reached():
    given_back = []
    steps = (
        Step("first", lambda _: ok("done")),
        Step("long", interrupted),
        Step("never", lambda _: pytest.fail("was made")),
        Step("back", lambda _: given_back.append("it") or ok("gone"), last=True),
    )
    found = list(travel(trip(Account()), steps))
    assert [finding.outcome.seen for finding in found] == ["done", "interrupted", "not looked at: interrupted", "gone"]
    assert given_back == ["it"]


def test_what_others_need_ends_the_trip_if_it_fails_and_nothing_else_does():
    steps = (
        Step("broken", lambda _: attention("hm")),
        Step("needed", lambda _: Outcome("failed", "no"), needed=True),
        Step("never", lambda _: pytest.fail("was made")),
    )
    assert [finding.outcome.status for finding in travel(trip(Account()), steps)] == ["attention", "failed", "unknown"]


def test_a_job_that_still_runs_is_stopped_and_the_deployment_released():
    account = Account()
    states = iter(["Ready", "Ready", "Releasing", "Released"])
    deployment = {"arn": "arn:x", "history": []}
    account.control |= {
        "POST /jobs/job-1/stop": {},
        "GET /jobs/job-1": JOB | {"status": "Stopped"},
        "GET /deployments/doctor-1": lambda: deployment | {"state": next(states)},
        "DELETE /deployments/doctor-1": {},
    }
    on_the_way = trip(account)
    on_the_way.job = dict(JOB)
    assert paid_steps.released(on_the_way).status == "ok"
    writes = [each for each in account.asked if not each.startswith("GET")]
    assert writes == ["POST /jobs/job-1/stop", "DELETE /deployments/doctor-1"]
    assert on_the_way.may_cost() == []


def test_a_job_whose_answer_was_lost_is_looked_for_and_stopped():
    account = Account()
    found = iter([{"jobs": [], "cursor": None}, {"jobs": [JOB], "cursor": None}])
    account.control |= {
        "GET /jobs": lambda: next(found),
        "POST /jobs": Refused(0, {"code": "no_answer", "message": "it may have been carried out"}),
        "POST /jobs/job-1/stop": {},
        "GET /jobs/job-1": JOB | {"status": "Stopped"},
    }
    on_the_way = trip(account, most_tokens=1)
    steps = [Step("start", paid_steps.job_started, needed=True), Step("back", paid_steps.released, last=True)]
    assert [finding.outcome.status for finding in travel(on_the_way, steps)] == ["unknown", "ok"]
    assert account.asked.count("POST /jobs") == account.asked.count("POST /jobs/job-1/stop") == 1


def test_a_job_that_can_not_be_looked_for_may_still_cost():
    account = Account()
    account.control |= {"GET /jobs": {"jobs": [], "cursor": None}, "POST /jobs": Refused(0, {"code": "no_answer"})}
    on_the_way = trip(account, most_tokens=1)
    list(travel(on_the_way, [Step("start", paid_steps.job_started, needed=True)]))
    ((what, command),) = on_the_way.may_cost()
    assert "if the request for it arrived" in what
    assert command.endswith("--name-contains doctor-1")


def test_what_may_still_cost_is_named_with_the_command_that_ends_it():
    on_the_way = trip(Account())
    on_the_way.job = JOB | {"model_arn": "arn:aws:bedrock:model"}
    on_the_way.deployment = {"state": "Ready", "arn": "arn:aws:bedrock:deployment"}
    commands = [command.split()[2] for _, command in on_the_way.may_cost()]
    assert commands == ["stop-model-customization-job", "delete-custom-model-deployment", "delete-custom-model"]
    on_the_way.job["status"], on_the_way.deployment["state"], on_the_way.model_deleted = "Completed", "Released", True
    assert on_the_way.may_cost() == []


@pytest.mark.parametrize(("code", "status"), [("ConflictException", "ok"), ("AccessDenied2", "attention")])
def test_what_bedrock_says_to_a_stop_after_the_end_is_reported(code, status):
    account = Account()
    account.answers["bedrock.StopModelCustomizationJob"] = Fault(code)
    on_the_way = trip(account)
    on_the_way.job = dict(JOB)
    assert paid_steps.stop_after_end(on_the_way).status == status


def test_phases_that_bedrock_does_not_show_are_reported():
    account = Account()
    account.answers["bedrock.GetModelCustomizationJob"] = {
        "statusDetails": {"trainingDetails": {"status": "Completed"}}
    }
    on_the_way = trip(account)
    on_the_way.job = dict(JOB)
    assert paid_steps.job_phases(on_the_way).status == "attention"


def test_a_dataset_that_a_job_reads_is_not_erased():
    account = Account()
    on_the_way = trip(account)
    on_the_way.job = dict(JOB)
    found = list(travel(on_the_way, [Step("erased", upload_steps.erased, last=True)]))
    assert (found[0].outcome.status, account.asked) == ("unknown", [])


def test_waiting_forgives_a_few_silences_and_not_many(monkeypatch):
    monkeypatch.setattr(pauses, "FIRST", 0.0)
    account = Account()
    looks = iter([Refused(503, {}), Refused(503, {}), {"ready": True}])
    account.control["GET /x"] = lambda: next(looks)
    assert writing.until(lambda: account.reader().get("/x"), within=60, what="x") == {"ready": True}
    account.control["GET /x"] = Refused(503, {"code": "no_answer"})
    with pytest.raises(writing.CannotTell, match="no_answer"):
        writing.until(lambda: account.reader().get("/x"), within=60, what="x")


# The report


def test_a_report_tells_neither_account_nor_arns_nor_addresses_nor_names():
    reader = Account().reader()
    names = {value: name for name, value in OUTPUTS.items()}
    secretive = (
        f"{OUTPUTS['AlarmTopicArn']} {ACCOUNT} me@example.com {OUTPUTS['DataBucketName']}/x arn:aws:iam::1:user/me"
    )
    report = shown.as_json([Finding("x", ok(secretive, {"here": secretive}))], reader)
    text = shown.redacted(json.dumps(report), names)
    assert not [each for each in (ACCOUNT, "me@example.com", "databucket", "arn:", "user/me") if each in text]
    assert "<AlarmTopicArn> <account> <address> <DataBucketName>/x <arn of iam>" in text


def test_a_word_as_short_as_a_stages_name_is_no_id():
    assert (
        shown.redacted("amazon.nova-lite-v1:0 lives", {"v1": "Stage", "live": "Stage2"})
        == "amazon.nova-lite-v1:0 lives"
    )

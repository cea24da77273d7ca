"""Rules: which event starts which; that targets and dead letters let them in is what test_wiring.py proves."""

from __future__ import annotations

import json

import pytest

from tests.builders import object_created
from tests.template.stack import PSEUDO, granted, statements
from tests.template.wiring.finding import ROOT
from tests.template.wiring.rules import EVENTS, RECORDED, RULE, matches

ON_THE_BUS = {name: event for name, event in RECORDED.items() if "detail-type" in event}
STARTED_BY = {
    ("aws.s3", "Object Created"): {"UploadRule"},
    ("aws.bedrock", "Model Customization Job State Change"): {"JobStateChangeRule"},
    ("aws.events", "Scheduled Event"): set(),  # a schedule has no pattern
}


@pytest.mark.parametrize("name", ON_THE_BUS)
def test_a_recorded_event_starts_exactly_the_rule_that_is_meant_for_it(stack, name):
    event = ON_THE_BUS[name]
    assert started(stack, event) == STARTED_BY[event["source"], event["detail-type"]]


def test_there_is_a_recorded_event_for_every_rule_that_aws_starts():
    recorded = {(event["source"], event["detail-type"]) for event in ON_THE_BUS.values()}
    assert recorded >= {kind for kind, started in STARTED_BY.items() if started}


SAMPLE = json.loads((ROOT / "tests" / "template" / "aws_sample_job_event.json").read_text("utf-8"))
"""The sample of an event in AWS's own page, docs/facts.md#job-events."""


def started(stack, event) -> set[str]:
    return {rule.id for rule in stack.of(RULE) if "EventPattern" in rule.properties and matches(rule, event)}


def test_the_sample_in_aws_own_page_starts_the_rule_and_so_does_each_status(stack):
    assert started(stack, SAMPLE) == {"JobStateChangeRule"}
    for status in ("InProgress", "Stopping", "Stopped", "Completed"):
        assert started(stack, {**SAMPLE, "detail": {**SAMPLE["detail"], "jobStatus": status}}) == {"JobStateChangeRule"}


def test_our_recorded_job_event_has_the_shape_of_the_sample():
    """What only a failed job has, and the base model's hyperparameters, may differ."""
    recorded = RECORDED["bedrock_job_state_change"]
    assert recorded.keys() == SAMPLE.keys()
    assert recorded["detail"].keys() == SAMPLE["detail"].keys() - {"failureMessage"}
    for name, value in recorded["detail"].items():
        assert type(value) is type(SAMPLE["detail"][name]), name


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "aws.sagemaker"},
        {"source": "someone.else"},
        {"detail-type": "Batch Inference Job State Change"},
        {"detail-type": "Bedrock Model Customization Job State Change"},
        {"account": "210987654321"},
    ],
)
def test_what_only_resembles_the_sample_starts_nothing(stack, changes):
    assert started(stack, {**SAMPLE, **changes}) == set()


@pytest.mark.parametrize("key", ["incoming/support-bot/train.jsonl", "incoming/support-bot/dataset.toml", "incoming/x"])
def test_an_upload_starts_the_upload_rule(stack, key):
    assert matches(stack["UploadRule"], object_created(key, bucket="<DataBucket>"))


@pytest.mark.parametrize(
    "kind", ["Object Deleted", "Object Tags Added", "Object Restore Completed", "Object ACL Updated"]
)
def test_what_else_happens_to_an_upload_starts_nothing(stack, kind):
    """A deleted file read as an upload would fail five times and ring."""
    event = object_created("incoming/support-bot/train.jsonl", bucket="<DataBucket>")
    assert started(stack, event) == {"UploadRule"}
    assert started(stack, {**event, "detail-type": kind}) == set()


def test_a_target_is_the_resource_that_it_is_named_after(stack):
    """One topic takes events as they are, another words for people: swapped, both would hear the wrong thing."""
    for rule in stack.of(RULE):
        for target in rule.properties.get("Targets", ()):
            named = str(target["Arn"]).strip("<>").partition(".")[0]
            assert named.startswith(target["Id"]) or rule.id == "ReconcileFunctionEveryFiveMinutes", (rule.id, target)


@pytest.mark.parametrize("prefix", ["prepared", "reports", "outputs", "captures", "config"])
def test_nothing_that_the_application_writes_starts_the_upload_rule(stack, prefix):
    for key in (f"{prefix}/support-bot/1/x.jsonl", f"{prefix}/incoming/x.jsonl", "incoming"):
        assert not matches(stack["UploadRule"], object_created(key, bucket="<DataBucket>"))
    assert not matches(stack["UploadRule"], object_created("incoming/support-bot/train.jsonl", bucket="another"))


def test_no_function_that_the_upload_rule_starts_can_write_where_it_listens(stack):
    """People can, by their policy or by a link that ControlApi signs as itself; it puts nothing there of its own."""
    uploads = "<DataBucket.Arn>/incoming/support-bot/train.jsonl"
    writers = {
        statement.owner.id
        for role in stack.of("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
        for statement in granted(role)
        for action in ("s3:PutObject", "s3:CopyObject", "s3:RestoreObject")
        if statement.allows(action, uploads)
    }
    assert writers == {"DataKeeperPolicy", "ControlApiRole"}  # and UploaderPolicy, by tag: test_people.py


def own_event(kind: str, stack_id: str = PSEUDO["AWS::StackId"]):
    return {"source": "tunedrop", "detail-type": kind, "detail": {"stack": stack_id}}


def test_own_events_reach_the_topic_but_heartbeats_and_other_stacks_do_not(stack):
    rule = stack["NotificationRule"]
    assert matches(rule, own_event("DatasetPrepared"))
    assert not matches(rule, own_event("ReconcileCompleted"))
    assert not matches(rule, own_event("DatasetPrepared", "arn:aws:cloudformation:us-west-2:123456789012:stack/x/1"))
    assert not matches(rule, {**own_event("DatasetPrepared"), "source": "someone.else"})


def test_reconcile_looks_every_five_minutes(stack):
    scheduled = [rule for rule in stack.of(RULE) if "ScheduleExpression" in rule.properties]
    assert [rule["ScheduleExpression"] for rule in scheduled] == ["rate(5 minutes)"]
    assert stack.referred(scheduled[0]["Targets"][0]["Arn"]).id == "ReconcileFunction"


def test_every_queue_policy_names_one_sender_and_one_queue(stack):
    for policy in stack.of("AWS::SQS::QueuePolicy"):
        for statement in statements(policy, policy["PolicyDocument"]):
            assert statement.actions == ("sqs:SendMessage",)
            assert statement.resources == (stack.referred(policy["Queues"][0]).arn,)
            assert statement.principals == {"Service": (EVENTS,)}

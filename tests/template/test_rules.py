"""Rules: what starts what. Every target may be reached, and what could not be handed over is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from moto.events.models import EventPattern

from tests.builders import object_created
from tests.template.stack import PSEUDO, granted, statements

EVENTS_FOLDER = Path(__file__).parents[2] / "events"
RULE, EVENTS = "AWS::Events::Rule", "events.amazonaws.com"
RECORDED = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(EVENTS_FOLDER.glob("*.json"))}
ON_THE_BUS = {name: event for name, event in RECORDED.items() if "detail-type" in event}
POLICIES = {
    "AWS::SQS::QueuePolicy": ("sqs:SendMessage", "Queues"),
    "AWS::SNS::TopicPolicy": ("sns:Publish", "Topics"),
}


def targets(stack):
    return [(rule, target) for rule in stack.of(RULE) for target in rule["Targets"]]


def admitted(stack, resource, rule) -> bool:
    """Whether the resource's own policy lets EventBridge in for exactly this rule."""
    if resource.type == "AWS::Lambda::Function":
        return any(
            permission["Principal"] == EVENTS
            and stack.referred(permission["FunctionName"]) is resource
            and permission["SourceArn"] == rule.arn
            for permission in stack.of("AWS::Lambda::Permission")
        )
    for policy in stack.of(*POLICIES):
        action, member = POLICIES[policy.type]
        if resource in [stack.referred(each) for each in policy[member]]:
            for statement in statements(policy, policy["PolicyDocument"]):
                service = statement.principals.get("Service", ())
                if EVENTS in service and statement.allows(action, resource.arn):
                    return rule.arn in statement.condition("aws:SourceArn")
    return False


def test_every_target_lets_its_rule_in_and_no_other_rule(stack):
    for rule, target in targets(stack):
        resource = stack.referred(target["Arn"])
        assert admitted(stack, resource, rule), (rule.id, resource.id)
        strangers = [
            each for each in stack.of(RULE) if each not in [r for r, t in targets(stack) if t["Arn"] == target["Arn"]]
        ]
        assert [each.id for each in strangers if admitted(stack, resource, each)] == []


def test_every_target_has_dead_letters_which_let_its_rule_in(stack):
    for rule, target in targets(stack):
        dead_letters = stack.referred(target["DeadLetterConfig"]["Arn"])
        assert dead_letters.type == "AWS::SQS::Queue"
        assert admitted(stack, dead_letters, rule), rule.id


def test_every_target_is_tried_again(stack):
    assert [rule.id for rule, target in targets(stack) if "RetryPolicy" not in target] == []


def matches(rule, event) -> bool:
    return bool(EventPattern.load(json.dumps(rule["EventPattern"])).matches_event(event))


def at_home(event):
    """A recorded event as this stack would see it."""
    text = json.dumps(event).replace("tunedrop-data-123456789012", "<DataBucket>")
    return json.loads(text)


STARTED_BY = {
    ("aws.s3", "Object Created"): {"UploadRule"},
    ("aws.bedrock", "Model Customization Job State Change"): {"JobStateChangeRule"},
    ("aws.events", "Scheduled Event"): set(),  # a schedule has no pattern
}


@pytest.mark.parametrize("name", ON_THE_BUS)
def test_a_recorded_event_starts_exactly_the_rule_that_is_meant_for_it(stack, name):
    event = at_home(ON_THE_BUS[name])
    started = {rule.id for rule in stack.of(RULE) if "EventPattern" in rule.properties and matches(rule, event)}
    assert started == STARTED_BY[event["source"], event["detail-type"]]


def test_there_is_a_recorded_event_for_every_rule_that_aws_starts():
    recorded = {(event["source"], event["detail-type"]) for event in ON_THE_BUS.values()}
    assert recorded >= {kind for kind, started in STARTED_BY.items() if started}


@pytest.mark.parametrize("key", ["incoming/support-bot/train.jsonl", "incoming/support-bot/dataset.toml", "incoming/x"])
def test_an_upload_starts_the_upload_rule(stack, key):
    assert matches(stack["UploadRule"], object_created(key, bucket="<DataBucket>"))


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
    assert writers == {"UploaderPolicy", "ControlApiRole"}


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

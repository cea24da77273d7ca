"""The deployer's own policy: derived from what the template makes, and nothing beside it."""

from __future__ import annotations

import json
import re

import pytest

from tests.iam.evaluation import Request
from tests.template import deployer_policy
from tests.template.identities import DEPLOYER_POLICY, POLICIES, identity
from tests.template.runbook import DEPLOYS
from tests.template.stack import ACCOUNT, NAME, REGION

LARGEST = 10_240
"""Characters of all inline policies of a role, white space aside: docs/facts.md#iam."""
THROUGH_CLOUDFORMATION = {"aws:CalledVia": ("cloudformation.amazonaws.com",)}
OF_THE_STACK = [
    ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-StateTable-4F2A"),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-ControlApiRole-4F2A"),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f1e2d3c"),
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-ControlApiFunction-4F2A"),
    ("s3:DeleteBucketPolicy", f"arn:aws:s3:::{NAME}-databucket-4f2a"),
    ("sqs:SetQueueAttributes", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-SpendQueue-4F2A"),
]


def policy():
    return json.loads(DEPLOYER_POLICY.read_text("utf-8"))


def actions():
    return [action for statement in policy()["Statement"] for action in statement["Action"]]


def test_the_file_is_what_the_template_asks_for():
    assert DEPLOYER_POLICY.read_text("utf-8") == deployer_policy.text(), "stale: make docs"


@pytest.mark.parametrize("kind", deployer_policy.types())
def test_every_type_of_resource_can_be_made_changed_and_deleted(kind):
    assert deployer_policy.named(kind), f"CloudFormation's schema of {kind} names no actions"
    assert deployer_policy.needed(kind)
    assert deployer_policy.needed(kind) <= set(actions())


@pytest.mark.parametrize("pattern", deployer_policy.LEFT_OUT)
def test_what_is_left_out_is_something_that_a_schema_names(pattern):
    named = {action for kind in deployer_policy.types() for action in deployer_policy.named(kind)}
    assert [action for action in named if re.fullmatch(pattern, action)]


def test_no_action_has_a_wildcard_and_only_what_takes_no_resource_is_on_all():
    assert [action for action in actions() if "*" in action] == []
    wide = {action for each in policy()["Statement"] if "*" in each["Resource"] for action in each["Action"]}
    assert wide == {
        "kms:CreateKey",
        "lambda:CreateEventSourceMapping",
        "lambda:GetAccountSettings",
        "lambda:GetEventSourceMapping",
        "logs:DescribeLogGroups",
    }


def test_the_policy_fits_a_role():
    assert len("".join(DEPLOYER_POLICY.read_text("utf-8").split())) <= LARGEST


def test_a_deployer_may_ask_for_a_deployment(stack):
    assert [each for each in DEPLOYS if not identity(stack, "deployer").may(each)] == []


@pytest.mark.parametrize(("action", "resource"), OF_THE_STACK)
def test_what_the_stack_is_made_of_is_changed_by_way_of_cloudformation_only(stack, action, resource):
    deployer = identity(stack, "deployer")
    assert deployer.may(Request(action, resource, THROUGH_CLOUDFORMATION))
    assert not deployer.may(Request(action, resource))


@pytest.mark.parametrize(("action", "resource"), [each for each in OF_THE_STACK if NAME in each[1]])
def test_another_stacks_resources_are_out_of_reach(stack, action, resource):
    foreign = resource.replace(f"{NAME}-", "another-")
    assert not identity(stack, "deployer").may(Request(action, foreign, THROUGH_CLOUDFORMATION))


@pytest.mark.parametrize(
    "action", ["s3:GetObject", "s3:PutObject", "dynamodb:GetItem", "dynamodb:Scan", "sqs:ReceiveMessage"]
)
def test_a_deployer_reads_no_data_not_even_by_way_of_cloudformation(stack, action):
    deployer = identity(stack, "deployer")
    for resource in (f"arn:aws:s3:::{NAME}-databucket-4f2a/prepared/x", OF_THE_STACK[0][1], OF_THE_STACK[-1][1]):
        assert not deployer.may(Request(action, resource, THROUGH_CLOUDFORMATION))


@pytest.mark.parametrize(
    ("source", "kind", "allowed"),
    [("tunedrop", "TestNotification", True), ("tunedrop", "JobCompleted", False), ("other", "TestNotification", False)],
)
def test_a_deployer_puts_a_test_notification_on_the_bus_and_no_other_event(stack, source, kind, allowed):
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    asked = Request("events:PutEvents", bus, {"events:source": source, "events:detail-type": kind})
    assert identity(stack, "deployer").may(asked) is allowed


@pytest.mark.parametrize("person", POLICIES)
def test_none_of_the_stacks_own_people_puts_events_on_the_bus(stack, person):
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    context = {"events:source": "tunedrop", "events:detail-type": "TestNotification"}
    assert not identity(stack, person).may(Request("events:PutEvents", bus, context))

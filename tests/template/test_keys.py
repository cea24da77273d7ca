"""The key, edge by edge: the embedded cloud can't enforce it, so every pair of role and resource is proved here."""

from __future__ import annotations

import pytest

from tests.template.stack import ACCOUNT, REGION, granted, statements

ROLE, POLICY = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"
KEY = "<Key.Arn>"
VIA = {"s3": f"s3.{REGION}.amazonaws.com", "dynamodb": f"dynamodb.{REGION}.amazonaws.com"}
NEEDED = ("kms:Decrypt", "kms:GenerateDataKey")


def key_statements(stack):
    return statements(stack["Key"], stack["Key"]["KeyPolicy"])


def used(owner, service: str) -> set[str]:
    """What a role or policy needs of the key: who reads decrypts, and who writes needs both (docs/facts.md#kms)."""
    acts = {action for statement in granted(owner) for action in statement.actions}
    writes = {"s3": ("s3:PutObject",), "dynamodb": ("dynamodb:Put", "dynamodb:Update", "dynamodb:Batch")}[service]
    reads = {"s3": ("s3:GetObject",), "dynamodb": ("dynamodb:",)}[service]
    if any(action.startswith(writes) for action in acts):
        return set(NEEDED)
    return {"kms:Decrypt"} if any(action.startswith(reads) for action in acts) else set()


def may_use_key(owner, service: str) -> bool:
    return all(
        any(each.allows(action, KEY) and VIA[service] in each.condition("kms:ViaService") for each in granted(owner))
        for action in used(owner, service)
    )


@pytest.mark.parametrize("service", VIA)
def test_whoever_touches_the_bucket_or_a_table_may_use_the_key_through_that_service(stack, service):
    touching = [owner for owner in stack.of(ROLE, POLICY) if used(owner, service)]
    assert len(touching) > 4
    assert [owner.id for owner in touching if not may_use_key(owner, service)] == []


def test_who_uploads_may_use_the_key(stack):
    assert used(stack["UploaderPolicy"], "s3") == set(NEEDED)
    assert may_use_key(stack["UploaderPolicy"], "s3")


def test_nobody_may_use_the_key_except_through_a_service_of_this_region(stack):
    for owner in stack.of(ROLE, POLICY):
        for statement in granted(owner):
            if any(action.startswith("kms:") for action in statement.actions):
                named = tuple(stack.parameters["CustomModelKeyArns"].split(","))
                assert statement.resources in {(KEY,), named}
                services = statement.conditions["StringEquals"]["kms:ViaService"]
                assert services
                assert all(service.endswith(f".{REGION}.amazonaws.com") for service in services)


def test_bedrock_gets_the_key_for_custom_models_only_where_the_stack_was_told_so(stack):
    creators = {
        statement.owner.id
        for role in stack.of(ROLE)
        for statement in granted(role)
        if statement.allows("kms:CreateGrant", KEY)
    }
    own_key = stack.parameters["EncryptCustomModels"] == "true"
    assert creators == ({"SpendingRequestedRole"} if own_key else set())


def test_alarms_may_use_the_key_for_this_account(stack):
    (statement,) = [
        each for each in key_statements(stack) if "cloudwatch.amazonaws.com" in each.principals.get("Service", ())
    ]
    assert all(statement.allows(action, KEY) for action in NEEDED)
    assert statement.conditions == {"StringEquals": {"aws:SourceAccount": (ACCOUNT,)}}


def test_events_may_use_the_key_without_a_source_because_they_bring_none_to_an_encrypted_topic(stack):
    (statement,) = [
        each for each in key_statements(stack) if "events.amazonaws.com" in each.principals.get("Service", ())
    ]
    assert all(statement.allows(action, KEY) for action in NEEDED)
    assert statement.conditions == {}


def test_every_service_that_publishes_to_a_topic_is_in_the_key_policy(stack):
    publishers = {
        service
        for policy in stack.of("AWS::SNS::TopicPolicy")
        for statement in statements(policy, policy["PolicyDocument"])
        for service in statement.principals["Service"]
    }
    named = {service for statement in key_statements(stack) for service in statement.principals.get("Service", ())}
    assert publishers <= named
    assert publishers == {"events.amazonaws.com", "cloudwatch.amazonaws.com"}


def test_logs_may_use_the_key_for_the_log_groups_of_this_account(stack):
    (statement,) = [
        each for each in key_statements(stack) if f"logs.{REGION}.amazonaws.com" in each.principals.get("Service", ())
    ]
    assert all(statement.allows(action, KEY) for action in (*NEEDED, "kms:Encrypt", "kms:DescribeKey"))
    context = statement.conditions["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert context == (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*",)


def test_the_account_keeps_the_key_in_its_own_hands(stack):
    (statement,) = [each for each in key_statements(stack) if "AWS" in each.principals]
    assert statement.principals == {"AWS": (f"arn:aws:iam::{ACCOUNT}:root",)}
    assert statement.actions == ("kms:*",)


def test_the_key_policy_names_no_resource_of_the_stack(template):
    policy = str(template["Resources"]["Key"]["Properties"]["KeyPolicy"])
    named = [name for name in template["Resources"] if f"'{name}" in policy or f"${{{name}" in policy]
    assert named == []

"""Policies: who may take a role, call a resource, use the key, spend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tests.template.stack import ACCOUNT, PSEUDO, REGION, Resource, Stack, Statement, granted, statements
from tests.template.wiring.finding import Code, Finding, pointed

ROLE, POLICY, KEY = "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "<Key.Arn>"
DOCUMENTS = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy")
SOURCES = ("aws:SourceArn", "aws:SourceAccount", "kms:EncryptionContext:aws:logs:arn")
"""Condition keys that keep a service from acting on somebody else's behalf."""
WITHOUT_SOURCE = {  # service principal: why no condition names whose call it is
    "lambda.amazonaws.com": "takes a role that somebody with iam:PassRole of this account gave to a function",
    "apigateway.amazonaws.com": "takes the one role of the account's own setting",
    "events.amazonaws.com": "brings KMS no source for an encrypted topic; the topic's own policy asks for it",
}
EVERY_RESOURCE = {  # why an action may be on "*": the service knows no narrower resource for it
    "xray:PutTelemetryRecords": "X-Ray takes no resource",
    "xray:PutTraceSegments": "X-Ray takes no resource",
    "bedrock:ListCustomModelDeployments": "a list takes no resource",
    "bedrock:ListCustomModels": "a list takes no resource",
    "bedrock:ListModelCustomizationJobs": "a list takes no resource",
    "bedrock:ListProvisionedModelThroughputs": "a list takes no resource",
    "bedrock:ListFoundationModels": "a list takes no resource",
    "logs:DescribeLogGroups": "a list takes no resource",
    "servicequotas:ListServiceQuotas": "a list takes no resource",
    "ec2:DescribeDhcpOptions": "EC2's descriptions take no resource",
    "ec2:DescribeNetworkInterfaces": "EC2's descriptions take no resource",
    "ec2:DescribeSecurityGroups": "EC2's descriptions take no resource",
    "ec2:DescribeSubnets": "EC2's descriptions take no resource",
    "ec2:DescribeVpcs": "EC2's descriptions take no resource",
    "servicequotas:GetServiceQuota": "Service Quotas evaluates reading without a resource",
}
UNTAGGED = re.compile(r"bedrock:(List\w+|GetFoundationModel\w*)$")
"""Reading what carries no tag of ours, or the tags themselves."""
TAG_WISH = re.compile(r"bedrock:(Create|Tag)\w+$")
SPENDING = re.compile(r"bedrock:(Create|Delete|Update|Tag|Stop)\w+$|iam:PassRole$")
SPENDER = "SpendingRequestedRole"
ENDING, RESPONDER, BRAKE = re.compile(r"bedrock:(Delete|Stop)\w+$"), "ResponderPolicy", "BrakeRole"
"""Who answers alarms may end what costs, as the spender may, and begin nothing."""
OWN_TAG = "tunedrop:stack"


def _granted(stack: Stack) -> list[Statement]:
    return [statement for owner in stack.of(ROLE, POLICY) for statement in granted(owner)]


def check_actions(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each action is spelt out and exists as a word, nothing is granted by exception, no managed policy is taken."""
    for owner in stack.of(ROLE, POLICY):
        boundary = stack.parameters["PermissionsBoundaryArn"] or None
        if owner.type == ROLE and owner.properties.get("PermissionsBoundary") != boundary:
            yield Finding(owner.id, "has another boundary than PermissionsBoundaryArn says")
        if owner.properties.get("ManagedPolicyArns"):
            yield Finding(owner.id, "takes a managed policy, which AWS may widen")
        if re.search("NotAction|NotResource", str(owner.properties)):
            yield Finding(owner.id, "grants by exception (NotAction, NotResource)")
    for statement in _granted(stack):
        for action in statement.actions:
            if "*" in action or not re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", action):
                yield Finding(statement.owner.id, f"may do what nobody spelt out: {action}")


def check_resources(stack: Stack, code: Code) -> Iterator[Finding]:
    """A resource is of this stack or this account, unless the action takes none."""
    for statement in _granted(stack):
        for resource in statement.resources:
            if resource == "*":
                for action in set(statement.actions) - set(EVERY_RESOURCE):
                    yield Finding(statement.owner.id, f"may {action} on everything")
            elif "<" not in resource and ACCOUNT not in resource and "::foundation-model/" not in resource:
                yield Finding(statement.owner.id, f"reaches outside the account: {resource}")


def check_trust(stack: Stack, code: Code) -> Iterator[Finding]:
    """A role is taken by one service, which names the account and the resource it acts for."""
    for role in stack.of(ROLE):
        for statement in statements(role, role["AssumeRolePolicyDocument"]):
            if set(statement.principals) != {"Service"} or "*" in str(statement.principals):
                yield Finding(role.id, f"may be taken by others than a service: {dict(statement.principals)}")
            for service in set(statement.principals.get("Service", ())) - set(WITHOUT_SOURCE):
                if statement.condition("aws:SourceAccount") != (ACCOUNT,):
                    yield Finding(role.id, f"{service} may take it for another account (no aws:SourceAccount)")
                if not all(f":{ACCOUNT}:" in arn for arn in statement.condition("aws:SourceArn") or ("",)):
                    yield Finding(role.id, f"{service} may take it for anything (no aws:SourceArn)")


def check_trust_of_functions(stack: Stack, code: Code) -> Iterator[Finding]:
    """Lambda, and nobody else, takes the role of a function."""
    for function in stack.of("AWS::Lambda::Function"):
        role = pointed(stack, function.properties.get("Role"))
        trusted = statements(role, role["AssumeRolePolicyDocument"]) if role else []
        if [each.principals.get("Service") for each in trusted] != [("lambda.amazonaws.com",)]:
            yield Finding(function.id, "has a role that Lambda can't take, or not alone")


def check_doors(stack: Stack, code: Code) -> Iterator[Finding]:
    """A resource lets a service in on one source's behalf, and nobody else."""
    documents = [(policy, policy["PolicyDocument"]) for policy in stack.of(*DOCUMENTS)]
    documents += [(key, key["KeyPolicy"]) for key in stack.of("AWS::KMS::Key")]
    for policy, document in documents:
        for statement in statements(policy, document):
            yield from _door(policy, statement)
    for permission in stack.of("AWS::Lambda::Permission"):
        if permission["Principal"] not in ("apigateway.amazonaws.com", "events.amazonaws.com"):
            yield Finding(permission.id, f"lets {permission['Principal']} start a function")
        if not {"SourceArn", "SourceAccount"} & set(permission.properties):
            yield Finding(permission.id, f"lets {permission['Principal']} in for anybody")


def _door(policy: Resource, statement: Statement) -> Iterator[Finding]:
    if statement.effect != "Allow":
        return
    for kind, names in statement.principals.items():
        if kind == "AWS" and names != (f"arn:aws:iam::{ACCOUNT}:root",):
            yield Finding(policy.id, f"lets in {', '.join(names)}")
        sourced = any(statement.condition(key) for key in SOURCES)
        excused = policy.type == "AWS::KMS::Key" and set(names) <= set(WITHOUT_SOURCE)
        if kind == "Service" and not sourced and not excused:
            yield Finding(policy.id, f"lets {', '.join(names)} in for anybody")


def check_tls(stack: Stack, code: Code) -> Iterator[Finding]:
    """The bucket refuses whoever comes without TLS, whatever they want of it."""
    for bucket in stack.of("AWS::S3::Bucket"):
        denied = [
            statement
            for policy in stack.of("AWS::S3::BucketPolicy")
            if pointed(stack, policy["Bucket"]) is bucket
            for statement in statements(policy, policy["PolicyDocument"])
            if (statement.effect, statement.actions, statement.principals) == ("Deny", ("s3:*",), {"AWS": ("*",)})
            and statement.conditions == {"Bool": {"aws:SecureTransport": ("False",)}}
        ]
        if not any(set(each.resources) == {bucket.arn, f"{bucket.arn}/*"} for each in denied):
            yield Finding(bucket.id, "takes requests without TLS")


def check_tags(stack: Stack, code: Code) -> Iterator[Finding]:
    """Bedrock's custom resources are made with this stack's tag, and touched only where they carry it."""
    for statement in _granted(stack):
        for action in statement.actions:
            if not action.startswith("bedrock:") or UNTAGGED.match(action) or _asks_base_models(statement, action):
                continue
            wish = "RequestTag" if TAG_WISH.match(action) else "ResourceTag"
            exact = statement.conditions.get("StringEquals", {}).get(f"aws:{wish}/{OWN_TAG}")
            if exact != (PSEUDO["AWS::StackId"],):
                yield Finding(statement.owner.id, f"may {action} on what doesn't carry this stack's tag")


def _asks_base_models(statement: Statement, action: str) -> bool:
    """Base models are AWS's own and carry no tags: evaluations ask them."""
    return action == "bedrock:InvokeModel" and all("::foundation-model/" in each for each in statement.resources)


PASSED = {"<BedrockRole.Arn>": "bedrock.amazonaws.com", "<BrakeRole.Arn>": "scheduler.amazonaws.com"}
"""The roles that are passed, and to whom."""


def check_spender(stack: Stack, code: Code) -> Iterator[Finding]:
    """One role alone can spend, and it passes each of two roles to one service alone."""
    for statement in _granted(stack):
        for action in statement.actions:
            ends = statement.owner.id in {RESPONDER, BRAKE} and ENDING.match(action)
            if SPENDING.match(action) and statement.owner.id != SPENDER and not ends:
                yield Finding(statement.owner.id, f"may {action}, which only {SPENDER} may")
        if "iam:PassRole" in statement.actions:
            whom = {PASSED.get(each, "") for each in statement.resources}
            if statement.condition("iam:PassedToService") != tuple(whom):
                yield Finding(statement.owner.id, "may pass a role to any service, or another role")


USED: Mapping[tuple[str, str], tuple[str, ...]] = {  # docs/facts.md#kms
    ("s3", "kms:Decrypt"): ("s3:GetObject", "s3:PutObject"),  # a part of an upload is decrypted, too
    ("s3", "kms:GenerateDataKey"): ("s3:PutObject",),
    ("dynamodb", "kms:Decrypt"): ("dynamodb:",),
    ("dynamodb", "kms:GenerateDataKey"): ("dynamodb:Batch", "dynamodb:Delete", "dynamodb:Put", "dynamodb:Update"),
}
"""By service and action on the key: the actions on objects or rows that need it."""


def check_key_users(stack: Stack, code: Code) -> Iterator[Finding]:
    """Who touches the bucket's objects or a table's rows may use the key through that service."""
    for owner in stack.of(ROLE, POLICY):
        for (service, action), touching in USED.items():
            if not any(each.startswith(touching) for statement in granted(owner) for each in statement.actions):
                continue
            via = f"{service}.{REGION}.amazonaws.com"
            if not any(each.allows(action, KEY) and via in each.condition("kms:ViaService") for each in granted(owner)):
                yield Finding(owner.id, f"lacks {action} through {service}, whose data our key encrypts")


def check_key_alone(stack: Stack, code: Code) -> Iterator[Finding]:
    """Nobody uses a key by itself: a role's or a person's right holds through a service only."""
    named = (KEY, *stack.parameters["CustomModelKeyArns"].split(","))
    for owner in stack.of(ROLE, POLICY):
        for each in granted(owner):
            uses = any(action.startswith("kms:") for action in each.actions)
            if uses and (not set(each.resources) <= set(named) or not each.condition("kms:ViaService")):
                yield Finding(owner.id, "may use a key by itself, not only through a service")


def check_key_services(stack: Stack, code: Code) -> Iterator[Finding]:
    """The key's own policy names every service that encrypts with it on nobody's behalf: topics and logs."""
    publishers = {
        service
        for policy in stack.of("AWS::SNS::TopicPolicy")
        for statement in statements(policy, policy["PolicyDocument"])
        for service in statement.principals.get("Service", ())
    }
    for key in stack.of("AWS::KMS::Key"):
        own = statements(key, key["KeyPolicy"])
        for service in sorted(publishers | {f"logs.{REGION}.amazonaws.com"}):
            allowed = [each for each in own if service in each.principals.get("Service", ()) and each.effect == "Allow"]
            for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                if not any(each.allows(action, KEY) for each in allowed):
                    yield Finding(key.id, f"refuses {action} to {service}")
        root = [each for each in own if "AWS" in each.principals and each.actions == ("kms:*",)]
        if not root:
            yield Finding(key.id, "is out of the account's hands: nobody could change its policy")


CHECKS = (
    check_actions,
    check_resources,
    check_trust,
    check_trust_of_functions,
    check_doors,
    check_tls,
    check_tags,
    check_spender,
    check_key_users,
    check_key_alone,
    check_key_services,
)

"""Write docs/deployer-policy.json from the template's resource types and CloudFormation's own schema of each.

python -m tests.template.deployer_policy > docs/deployer-policy.json
"""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.template.conftest import OTHER_CHOICES, chosen, read_template, translate
from tests.template.stack import REGION

LEFT_OUT: Mapping[str, str] = {  # what a schema names for features that the template does not use, and why
    r"(ec2|elasticfilesystem|firehose|kinesis|s3files|s3tables):.*": "no network, file system, stream or table bucket",
    r"dynamodb:(BatchWriteItem|DeleteItem|GetItem|PutItem|Query|Scan|UpdateItem)": "rows are the application's",
    r"dynamodb:(.*Replica|.*Import.*|.*Kinesis.*|.*ContributorInsights|.*ResourcePolicy)": "plain tables",
    r"iam:(Attach|Detach).*|iam:ListEntitiesForPolicy": "the stack attaches no policy to anybody",
    r"kms:(ListAliases|RevokeGrant)": "the key has no alias, and grants end with the table",
    r"lambda:.*(CodeSigning|Recursion|Scaling|Runtime(Management|Alias)|Capacity).*": "not set",
    r"lambda:PublishVersion": "functions have no versions",
    r"logs:(.*Stream.*|PutLogEvents|CreateLogDelivery|.*DataProtectionPolicy|.*IndexPolic.*)": "plain log groups",
    r"logs:(.*ResourcePolic.*|.*DeletionProtection|PutBearerTokenAuthentication)": "plain log groups",
    r"s3:.*(Abac|Accelerate|Acl|Analytics|CORS|Cors|Intelligent|Inventory|BucketLogging|Metadata|Metrics).*": "not set",
    r"s3:(.*(ObjectLock|Replication|Website|REST).*|ListBucket)": "not set",
    r"s3:(DeleteObject|GetObject|GetObjectVersion)": "data is the application's; the code is read below",
    r"sns:(ListSubscriptionsByTopic|.*DataProtectionPolicy)": "subscriptions are resources of their own",
    r"apigateway:UpdateRestApiPolicy": "no API has a resource policy",
}
_SCOPES: Mapping[str, Sequence[str]] = {  # CloudFormation names what has no name after the stack
    "apigateway": ["arn:aws:apigateway:REGION::/account", "arn:aws:apigateway:REGION::/restapis*",
                   "arn:aws:apigateway:REGION::/tags/*"],
    "cloudwatch": ["arn:aws:cloudwatch:REGION:ACCOUNT:alarm:STACK-*", "arn:aws:cloudwatch::ACCOUNT:dashboard/STACK-*"],
    "dynamodb": ["arn:aws:dynamodb:REGION:ACCOUNT:table/STACK-*"],
    "events": ["arn:aws:events:REGION:ACCOUNT:api-destination/STACK-*",
               "arn:aws:events:REGION:ACCOUNT:connection/STACK-*", "arn:aws:events:REGION:ACCOUNT:rule/STACK-*"],
    "iam": ["arn:aws:iam::ACCOUNT:policy/STACK-*", "arn:aws:iam::ACCOUNT:role/STACK-*"],
    "kms": ["arn:aws:kms:REGION:ACCOUNT:key/*"],
    "lambda": ["arn:aws:lambda:REGION:ACCOUNT:event-source-mapping:*", "arn:aws:lambda:REGION:ACCOUNT:function:STACK-*",
               "arn:aws:lambda:REGION:ACCOUNT:layer:STACK-*"],
    "logs": ["arn:aws:logs:REGION:ACCOUNT:log-group:STACK-*"],
    "s3": ["arn:aws:s3:::STACK-*"],
    "secretsmanager": ["arn:aws:secretsmanager:REGION:ACCOUNT:secret:events!connection/STACK-*"],
    "sns": ["arn:aws:sns:REGION:ACCOUNT:STACK-*"],
    "sqs": ["arn:aws:sqs:REGION:ACCOUNT:STACK-*"],
}  # fmt: skip
_NO_RESOURCE = {  # actions that take none, or are asked for all of a kind
    "kms:CreateKey",
    "lambda:CreateEventSourceMapping",
    "lambda:GetEventSourceMapping",
    "logs:DescribeLogGroups",
}
_STACK = "arn:aws:cloudformation:REGION:ACCOUNT:stack/STACK/*"
_TAKE_ROLES = ("apigateway", "events", "lambda")
_LINKED = "iam:CreateServiceLinkedRole"
_OF_DESTINATIONS = "apidestinations.events.amazonaws.com"
_BY_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}


@functools.cache
def types() -> list[str]:
    """The resource types of the translated template, with every choice turned."""
    template = read_template()
    resources = translate(template, chosen(template, OTHER_CHOICES))["Resources"].values()
    return sorted({body["Type"] for body in resources})


def named(kind: str) -> set[str]:
    """The actions that CloudFormation's schema of a type names for making, reading, changing and deleting one.

    A custom resource has none: its function is run with the credentials of who deploys (docs/facts.md#cloudformation).
    """
    if kind.startswith("Custom::"):
        return {"lambda:InvokeFunction"}
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # takes a second; every process of the tests reads this module

    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema.get("handlers", {})
    return {action for verb, each in handlers.items() if verb != "list" for action in each["permissions"]}


def needed(kind: str) -> set[str]:
    """Those that the template needs."""
    return {action for action in named(kind) if not any(re.fullmatch(each, action) for each in LEFT_OUT)}


def document() -> dict[str, Any]:
    """The policy."""
    made = {action for kind in types() for action in needed(kind)} - {"iam:PassRole", _LINKED}
    services = sorted({action.partition(":")[0] for action in made})
    return {
        "Version": "2012-10-17",
        "Statement": [
            *_to_cloudformation(),
            _statement("PassOwnRoles", ["iam:PassRole"], ["arn:aws:iam::ACCOUNT:role/STACK-*"],
                       {"StringEquals": {"iam:PassedToService": [f"{each}.amazonaws.com" for each in _TAKE_ROLES]}}),
            _statement("FirstWebhook", [_LINKED], [f"arn:aws:iam::ACCOUNT:role/aws-service-role/{_OF_DESTINATIONS}/*"],
                       {"StringEquals": {"iam:AWSServiceName": _OF_DESTINATIONS}}),
            _statement("TakeNoResource", made & _NO_RESOURCE, ["*"], _BY_CLOUDFORMATION),
            *(
                _statement(
                    f"Make{service.capitalize()}",
                    {action for action in made - _NO_RESOURCE if action.startswith(f"{service}:")},
                    _SCOPES[service],
                    _BY_CLOUDFORMATION,
                )
                for service in services
            ),
        ],
    }  # fmt: skip


def _to_cloudformation() -> list[dict[str, Any]]:
    """What `sam deploy` and the page of operations ask for themselves."""
    verbs = ("CreateChangeSet", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet", "DescribeStackEvents")
    more = ("DescribeStackResources", "DescribeStacks", "ExecuteChangeSet", "GetTemplate", "GetTemplateSummary")
    transform = "arn:aws:cloudformation:REGION:aws:transform/Serverless-2016-10-31"
    return [
        _statement("Stack", [f"cloudformation:{verb}" for verb in (*verbs, *more)], [_STACK]),
        _statement("Transform", ["cloudformation:CreateChangeSet"], [transform]),
        _statement("Artifacts", ["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::ARTIFACTS/*"]),
        _statement("FindArtifacts", ["s3:GetBucketLocation", "s3:ListBucket"], ["arn:aws:s3:::ARTIFACTS"]),
        _statement("Subscribe", ["sns:ListSubscriptionsByTopic", "sns:Subscribe"], _SCOPES["sns"]),
        _statement(
            "TestNotifications",
            ["events:PutEvents"],
            ["arn:aws:events:REGION:ACCOUNT:event-bus/default"],
            {"StringEquals": {"events:source": "tunedrop", "events:detail-type": "TestNotification"}},
        ),
        _statement("RoomForFunctions", ["lambda:GetAccountSettings"], ["*"]),
    ]


def _statement(
    sid: str, actions: Iterable[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return {**made, "Condition": condition} if condition else made


def text() -> str:
    """The file."""
    return json.dumps(document(), indent=1) + "\n"


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # SAM's translator speaks of its own features
    sys.stdout.write(text())

"""An AWS account with a healthy stack: boto3's own clients validate the requests, a table has the answers."""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.credentials import Credentials
from tunedrop import __version__
from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop_cli.control import ControlApi
from tunedrop_cli.doctor import resource_checks
from tunedrop_cli.doctor.writing import Writer
from tunedrop_cli.errors import Refused
from tunedrop_cli.stack import Stack

ACCOUNT = "111122223333"
REGION = "us-east-1"
NOW = datetime.now(UTC)  # noqa: TID251 - ages are judged by the clock
ALARMS = ("DeadLettersAlarm", "OrphansAlarm", "ReconcileMissingAlarm")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
OUTPUTS = {
    "Release": __version__,
    "ControlApiUrl": "https://control.example/v1",
    "MessagesApiUrl": "https://messages.example/live",
    "DataBucketName": "acme-tuning-databucket-1",
    "KeyArn": KEY,
    "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-tuning-AlarmTopic",
    "RoutineAlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-tuning-RoutineAlarmTopic",
    "PeopleTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-tuning-PeopleTopic",
    "NotificationTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:acme-tuning-NotificationTopic",
    "DeadLetterQueueUrls": f"https://sqs/{ACCOUNT}/one https://sqs/{ACCOUNT}/two",
}
RESOURCES = (
    *ALARMS,
    *resource_checks.RULES,
    *resource_checks.TABLES,
    *resource_checks.ROLES,
    *resource_checks.STAGES,
    *(f"{name}{kind}" for name in resource_checks.FUNCTIONS for kind in ("Function", "LogGroup")),
    "DataBucket",
    "ApiAccessLogGroup",
)
LIMITED_KEY = {
    "id": "key-1",
    "deployments": ["support-bot-prod"],
    "expires_at": (NOW + timedelta(days=90)).isoformat(),
    "revoked_at": None,
    "requests_per_minute": 60,
    "max_tokens": 4096,
}


@dataclass
class Fault:
    """An error of AWS."""

    code: str
    status: int = 400
    message: str = "as told"


DENIED = Fault("AccessDeniedException", 403)


def stack() -> dict[str, Any]:
    """The answer of DescribeStacks."""
    outputs = [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()]
    prices = {f"{name}.training_per_1000_tokens": 0.001 for name in catalogue()}
    parameters = {"Prices": json.dumps(prices), "Currency": "USD", "MaxModelUnits": "0"}
    return {
        "Stacks": [
            {
                "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/acme-tuning/1",
                "StackStatus": "CREATE_COMPLETE",
                "CreationTime": NOW - timedelta(days=2),
                "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                "Outputs": outputs,
            }
        ]
    }


def quotas() -> list[dict[str, Any]]:
    """The quotas of Bedrock that matter."""
    named = {
        "Scheduled customization jobs": 10.0,
        "Custom models per account": 100.0,
        "Total custom model deployments": 10.0,
        "Model units per provisioned model for Amazon Nova Lite V1.0 300K": 0.0,
    }
    return [
        {"QuotaCode": f"L-{number}", "QuotaName": name, "Value": value, "Adjustable": True}
        for number, (name, value) in enumerate(named.items())
    ]


def of_bedrock() -> dict[str, Any]:
    """What Bedrock and Service Quotas answer."""
    here = [model for model in catalogue().values() if REGION in model.regions]
    through_profiles = {model.inference_id for model in here if model.inference_profile}

    def details(asked: Mapping[str, Any]) -> Any:
        way = "INFERENCE_PROFILE" if asked["modelIdentifier"] in through_profiles else "ON_DEMAND"
        return {"modelDetails": {"inferenceTypesSupported": [way]}}

    open_to_us = dict.fromkeys(("entitlementAvailability", "regionAvailability"), "AVAILABLE")
    return {
        "service-quotas.ListServiceQuotas": {"Quotas": quotas()},
        "bedrock.GetFoundationModelAvailability": {**open_to_us, "authorizationStatus": "AUTHORIZED"},
        "bedrock.ListFoundationModels": {"modelSummaries": [{"modelId": each.customization_id} for each in here]},
        "bedrock.GetFoundationModel": details,
    }


def of_the_stack() -> dict[str, Any]:
    """What the services of the stack's resources answer."""
    changes = ("INSUFFICIENT_DATA", "OK")
    history = [
        {
            "Timestamp": NOW - timedelta(days=1, minutes=-number),
            "HistoryItemType": "StateUpdate",
            "HistoryData": json.dumps({"newState": {"stateValue": state}}),
        }
        for number, state in enumerate(changes)
    ]
    published = {
        "HistoryItemType": "Action",
        "HistorySummary": "Successfully executed action arn:aws:sns:x",
        "Timestamp": NOW,
    }
    rows = [{"LogicalResourceId": name, "PhysicalResourceId": f"acme-tuning-{name}"} for name in RESOURCES]
    return {
        "sts.GetCallerIdentity": {"Arn": f"arn:aws:iam::{ACCOUNT}:user/somebody"},
        "cloudformation.DescribeStacks": stack(),
        "cloudformation.ListStackResources": {"StackResourceSummaries": rows},
        "cloudwatch.DescribeAlarms": {
            "MetricAlarms": [{"AlarmName": f"acme-tuning-{name}", "StateValue": "OK"} for name in ALARMS]
        },
        "cloudwatch.DescribeAlarmHistory": {"AlarmHistoryItems": [*history, published]},
        "sns.ListSubscriptionsByTopic": {"Subscriptions": [{"SubscriptionArn": "arn:aws:sns:x", "Protocol": "email"}]},
        "sqs.GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "events.DescribeRule": {"State": "ENABLED"},
        "events.ListTargetsByRule": {"Targets": [{"Id": "1"}]},
        "logs.DescribeLogStreams": {"logStreams": [{"logStreamName": "1"}]},
        "apigateway.GetStage": {"methodSettings": {"*/*": {"throttlingRateLimit": 20.0, "throttlingBurstLimit": 40}}},
        "iam.ListRolePolicies": {"PolicyNames": ["one"]},
        "iam.ListAttachedRolePolicies": {"AttachedPolicies": []},
    }


def of_lambda_and_data() -> dict[str, Any]:
    """What Lambda, S3 and DynamoDB answer."""
    closed = dict.fromkeys(resource_checks._CLOSED, True)
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    tls_only = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    restorable = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    return {
        "lambda.GetFunctionConfiguration": {
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "Environment": {"Variables": {"TUNEDROP_DEFAULT_BASE_MODEL": "nova-lite"}},
        },
        "lambda.GetFunctionConcurrency": {},
        "lambda.ListEventSourceMappings": {"EventSourceMappings": [{"State": "Enabled"}]},
        "lambda.GetAccountSettings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        },
        "s3.GetBucketEncryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]
            }
        },
        "s3.GetBucketVersioning": {"Status": "Enabled"},
        "s3.GetPublicAccessBlock": {"PublicAccessBlockConfiguration": closed},
        "s3.GetBucketPolicy": {"Policy": json.dumps({"Statement": [tls_only]})},
        "s3.GetBucketNotificationConfiguration": {"EventBridgeConfiguration": {}},
        "dynamodb.DescribeTable": {"Table": {"TableStatus": "ACTIVE", "SSEDescription": {"KMSMasterKeyArn": KEY}}},
        "dynamodb.DescribeContinuousBackups": {"ContinuousBackupsDescription": restorable},
        "dynamodb.DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}},
    }


def of_control_api() -> dict[str, Any]:
    """What ControlApi answers, by method and path."""
    models = [
        {
            "name": model.name,
            "trainable": REGION in model.regions,
            "missing": [] if REGION in model.regions else [f"it is tuned in {model.regions[0]}"],
            "lifecycle": {"status": "ACTIVE", "legacy_at": None, "ends_at": None},
            "serving": list(model.serving),
        }
        for model in catalogue().values()
    ]
    return {
        "GET /base-models": {"base_models": models},
        "GET /keys": {"keys": [LIMITED_KEY], "cursor": None},
    }


@dataclass
class Account:
    """The account: `answers` by service and operation, `control` by method and path. Change them to break it."""

    answers: dict[str, Any] = field(default_factory=lambda: of_bedrock() | of_the_stack() | of_lambda_and_data())
    control: dict[str, Any] = field(default_factory=of_control_api)
    without_key: tuple[int, Any] = (401, {"type": "error", "error": {"type": "authentication_error"}})
    """What MessagesApi answers."""
    region: str | None = REGION
    asked: list[str] = field(default_factory=list)
    """Every operation that was called, in order."""

    def __post_init__(self) -> None:
        self.answers, self.control = copy.deepcopy(self.answers), copy.deepcopy(self.control)

    def reader(self) -> Writer:
        """A reader of this account, which can write, too."""
        chosen = argparse.Namespace(stack_name="acme-tuning", url=None)
        session: Any = SimpleNamespace(region_name=self.region, client=self.client)
        return _OfAccount(Stack(chosen, session), account=self)

    def client(self, service: str, **_: Any) -> Any:
        """A client of boto3 whose requests stop here. Making one is slow, so one serves all accounts in turn."""
        _ANSWERING[0] = self
        return _client(service)

    def answer(self, operation: str, asked: Mapping[str, Any]) -> Any:
        """What AWS answers, in the form that botocore takes for an HTTP answer."""
        self.asked.append(operation)
        found = self.answers[operation]
        found = found(asked) if callable(found) else found
        if isinstance(found, Fault):
            error = {"Error": {"Code": found.code, "Message": found.message}}
            status = {"ResponseMetadata": {"HTTPStatusCode": found.status}}
            return SimpleNamespace(status_code=found.status), error | status
        return SimpleNamespace(status_code=200), copy.deepcopy(found)

    def request(self, method: str, path: str) -> Any:
        """What ControlApi answers. Raises Refused."""
        self.asked.append(f"{method} {path}")
        found = self.control.get(f"{method} {path}", Refused(404, {"code": "unknown", "message": path}))
        found = found() if callable(found) else found
        if isinstance(found, Exception):
            raise found
        return found


_ANSWERING: list[Account | None] = [None]


@cache
def _client(service: str) -> Any:
    make: Any = boto3.client  # noqa: TID251 - its stubs demand a literal service name
    client = make(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")

    def keep(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked_with"] = dict(params)

    def answer(model: Any, context: Mapping[str, Any], **_: Any) -> Any:
        account = _ANSWERING[0]
        assert account is not None
        return account.answer(f"{service}.{model.name}", context["asked_with"])

    client.meta.events.register("provide-client-params.*", keep)
    client.meta.events.register("before-call.*", answer)
    return client


@dataclass(frozen=True, slots=True)
class _Control(ControlApi):
    account: Account | None = None

    def _send(self, method: str, path: str, *more: Any) -> Any:
        assert self.account is not None
        bare, _, query = path.partition("?")
        return self.account.request(method, path if query == "plan=true" else bare)


@dataclass(slots=True, kw_only=True)
class _OfAccount(Writer):
    account: Account

    def post_without_key(self) -> tuple[int, Any]:
        return self.account.without_key

    def api(self) -> ControlApi:
        return _Control(OUTPUTS["ControlApiUrl"], REGION, Credentials("a", "b"), account=self.account)

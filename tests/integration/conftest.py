"""The stack's resources in moto, in process, as the template makes them: bucket, tables, queues, bus."""

from __future__ import annotations

import functools
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from moto import mock_aws
from moto.backends import get_backend
from tunedrop.edges import clients, clock_and_ids
from tunedrop.edges import settings as settings_module
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import Settings

from tests.conftest import forget_clients
from tests.faults.injector import INJECTOR
from tests.iam.record import COMMAND
from tests.iam.recorder import RECORDER
from tests.iam.recording import Recording
from tests.integration import ledger_agreement, remembered_worlds, stacks_of_an_account
from tests.integration.faster_moto import hurry
from tests.integration.uploads_world import Uploader
from tests.template.stack import PSEUDO

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient
    from tunedrop.edges.clients import BedrockReader

ACCOUNT = "123456789012"
STACK_ID = PSEUDO["AWS::StackId"]
QUEUES = ("UploadQueue", "SpendQueue", "JobEventQueue", "EvaluationQueue", "Published")


@dataclass(frozen=True, slots=True)
class StackClients:
    """Clients of a cloud whose use cases are called without a handler: the stack's own, and Bedrock's."""

    stack: Stack

    def dynamodb(self) -> DynamoDBClient:
        return self.stack.dynamodb

    def dynamodb_aside(self) -> DynamoDBClient:
        return self.stack.dynamodb

    def s3(self) -> S3Client:
        return self.stack.s3

    def s3_copying(self) -> S3Client:
        return self.stack.s3

    def sqs(self) -> SQSClient:
        return self.stack.sqs

    def events(self) -> EventBridgeClient:
        return self.stack.events

    def bedrock(self) -> BedrockReader:
        return clients.bedrock()

    def scheduler(self) -> EventBridgeSchedulerClient:
        return clients.scheduler()

    def service_quotas(self) -> ServiceQuotasClient:
        return clients.service_quotas()

    def cloudformation(self) -> CloudFormationClient:
        return clients.cloudformation()


@dataclass(frozen=True, slots=True)
class Stack:
    """What a deployed stack offers to the code under test, and a view of what the code published."""

    settings: Settings
    table: Table
    access_table: Table
    bucket: str
    upload_queue_url: str
    spend_queue_url: str
    job_event_queue_url: str
    evaluation_queue_url: str
    published_queue_url: str
    s3: S3Client
    dynamodb: DynamoDBClient
    sqs: SQSClient
    events: EventBridgeClient

    @property
    def cloud(self) -> Cloud:
        """What a use case is handed, now."""
        return self.at()

    def at(self, now: Callable[[], datetime] = clock_and_ids.now) -> Cloud:
        """What a use case is handed at another time."""
        return Cloud(self.settings, StackClients(self), now, clock_and_ids.new_id)

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """The bodies on a queue, taken off it where moto holds them: asking took a sixth of all these tests."""
        queue = get_backend("sqs")[ACCOUNT][self.sqs.meta.region_name].queues[queue_url.rsplit("/", 1)[-1]]
        due = queue.messages
        queue._messages = [each for each in queue._messages if each not in due]
        return [json.loads(each.body) for each in due]

    def published(self) -> list[tuple[str, dict[str, Any]]]:
        """The application's own events since the last look: (type, detail)."""
        return [(event["detail-type"], event["detail"]) for event in self.messages(self.published_queue_url)]


@contextmanager
def in_moto() -> Iterator[None]:
    """Moto in process, with clients of the application made anew inside it."""
    hurry()
    with mock_aws():
        INJECTOR.forget()
        stacks_of_an_account.mount()
        forget_clients()
        boto3.DEFAULT_SESSION = _session()
        yield
    forget_clients()


@pytest.fixture
def aws(environment, request):
    """The same, for a test; its calls are recorded for the prover of permissions."""
    RECORDER.test = request.node.nodeid
    ledger_agreement.WORLDS.clear()
    recorded_anew = request.config.getoption("--record-calls", None)
    if recorded_anew:
        remembered_worlds.forget()
    with in_moto():
        yield
        told = [each for world in ledger_agreement.WORLDS for each in ledger_agreement.disagreements(world)]
    assert told == [], "charges and Bedrock's ledger disagree by more than a minute"
    heard = RECORDER.by_test[RECORDER.test]
    assert not heard.strays, "tests/iam/recorder.py or operations.py has to know these"
    if not recorded_anew:
        assert heard.needs <= _recorded().needs, f"what roles need has changed: record it with {COMMAND}"


@functools.cache
def _recorded() -> Recording:
    return Recording.read()


@functools.cache
def _session() -> boto3.Session:
    """One session for all tests of a process, so that botocore's models and hooks are read once.

    A test that listens to calls registers with a client, which is a test's own.
    """
    session = botocore.session.Session()
    session.set_default_client_config(Config(user_agent="tests"))  # botocore puts its own together at each call
    session.register("choose-signer.dynamodb", lambda **_: UNSIGNED)  # moto looks at no signature
    INJECTOR.attach(session)
    RECORDER.watch(session)
    return boto3.Session(botocore_session=session)


@pytest.fixture
def stack(aws, environment) -> Stack:
    """A stack for a test."""
    return deployed(environment)


def deployed(environment: pytest.MonkeyPatch) -> Stack:
    """A stack as the template deploys it, all caps at their defaults but MaxModelUnits 1."""
    session = _session()
    s3, dynamodb = session.client("s3"), session.client("dynamodb")
    sqs, events = session.client("sqs"), session.client("events")
    bucket = "tunedrop-data-123456789012"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _create_tables(dynamodb)
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
    _watch_bus(events)
    for name, value in _variables(bucket, urls).items():
        environment.setenv(name, value)
    settings_module.settings.cache_clear()
    settings = settings_module.settings()
    return Stack(
        settings=settings,
        table=Table(dynamodb, settings.state_table),
        access_table=Table(dynamodb, settings.access_table),
        bucket=bucket,
        upload_queue_url=urls["UploadQueue"],
        spend_queue_url=urls["SpendQueue"],
        job_event_queue_url=urls["JobEventQueue"],
        evaluation_queue_url=urls["EvaluationQueue"],
        published_queue_url=urls["Published"],
        s3=s3,
        dynamodb=dynamodb,
        sqs=sqs,
        events=events,
    )


def _create_tables(dynamodb: DynamoDBClient) -> None:
    keys: Any = {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb.create_table(TableName="AccessTable", **keys)
    dynamodb.update_time_to_live(
        TableName="AccessTable", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    keys["AttributeDefinitions"] += [{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "listed_at")]
    dynamodb.create_table(
        TableName="StateTable",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_kind",
                "KeySchema": [
                    {"AttributeName": "kind", "KeyType": "HASH"},
                    {"AttributeName": "listed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        **keys,
    )


def _watch_bus(events: EventBridgeClient) -> None:
    events.put_rule(Name="own-events", EventPattern=json.dumps({"source": ["tunedrop"]}))
    events.put_targets(
        Rule="own-events", Targets=[{"Id": "published", "Arn": f"arn:aws:sqs:us-west-2:{ACCOUNT}:Published"}]
    )


def _variables(bucket: str, urls: dict[str, str]) -> dict[str, str]:
    return {
        "TUNEDROP_STACK_ID": STACK_ID,
        "TUNEDROP_DATA_BUCKET": bucket,
        "TUNEDROP_STATE_TABLE": "StateTable",
        "TUNEDROP_ACCESS_TABLE": "AccessTable",
        "TUNEDROP_UPLOAD_QUEUE_URL": urls["UploadQueue"],
        "TUNEDROP_SPEND_QUEUE_URL": urls["SpendQueue"],
        "TUNEDROP_JOB_EVENT_QUEUE_URL": urls["JobEventQueue"],
        "TUNEDROP_EVALUATION_QUEUE_URL": urls["EvaluationQueue"],
        "TUNEDROP_BEDROCK_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/tunedrop-bedrock",
        "TUNEDROP_BRAKE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/tunedrop-brake",
        "TUNEDROP_DEFAULT_BASE_MODEL": "claude-3-haiku",
        "TUNEDROP_VALIDATION_SHARE": "0",
        "TUNEDROP_MAX_MODEL_UNITS": "1",
        "TUNEDROP_MAX_CONCURRENT_JOBS": "2",
        "TUNEDROP_MAX_TRAINED_TOKENS_PER_JOB": "50000000",
        "TUNEDROP_DEPLOYMENT_HOURS": "8",
        "TUNEDROP_JOB_DEADLINE_HOURS": "24",
    }


@pytest.fixture
def uploader(stack) -> Uploader:
    """Somebody who puts objects into the stack's bucket."""
    return Uploader(stack)


@pytest.fixture
def log():
    """Lines that Powertools' logger wrote, as JSON."""
    stream = io.StringIO()
    copy = logging.StreamHandler(stream)
    copy.setFormatter(logger.registered_formatter)
    logger.addHandler(copy)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(copy)

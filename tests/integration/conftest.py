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
from urllib.parse import urlparse

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
from tests.integration.lent_clients import LENT, Session
from tests.integration.uploads_world import Uploader
from tests.template.stack import PSEUDO, REGION

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
KEYS, BY_KIND = ("pk", "sk"), ("kind", "listed_at")
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
        LENT.take_back()
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
def _session() -> Session:
    """One session for all tests of a process, so that botocore's models and hooks are read once.

    A test that listens to calls registers with a client, which is a test's own from then on.
    """
    session = botocore.session.Session()
    session.set_default_client_config(Config(user_agent="tests"))  # botocore puts its own together at each call
    session.register("choose-signer.dynamodb", lambda **_: UNSIGNED)  # moto looks at no signature
    INJECTOR.attach(session)
    RECORDER.watch(session)
    return Session(botocore_session=session)


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
    _create_bucket(bucket)
    _create_tables()
    urls = {name: _create_queue(name) for name in QUEUES}
    _watch_bus()
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


# Past boto3 and moto's parsing, which took an eighth of the time of all these tests.


def _create_bucket(name: str) -> None:
    s3 = get_backend("s3")[ACCOUNT]["aws"]
    s3.create_bucket(name, REGION)
    s3.put_bucket_versioning(name, "Enabled")


def _create_tables() -> None:
    _create_table("AccessTable", KEYS)
    get_backend("dynamodb")[ACCOUNT][REGION].update_time_to_live(
        "AccessTable", {"Enabled": True, "AttributeName": "expires"}
    )
    by_kind = {"IndexName": "by_kind", "KeySchema": _schema(BY_KIND), "Projection": {"ProjectionType": "ALL"}}
    _create_table("StateTable", KEYS + BY_KIND, by_kind)


def _create_table(name: str, attributes: tuple[str, ...], *indexes: dict[str, Any]) -> None:
    get_backend("dynamodb")[ACCOUNT][REGION].create_table(
        name,
        schema=_schema(KEYS),
        throughput=None,
        attr=[{"AttributeName": each, "AttributeType": "S"} for each in attributes],
        global_indexes=list(indexes),
        indexes=[],
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )


def _schema(names: tuple[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=True)]


def _create_queue(name: str) -> str:
    queue = get_backend("sqs")[ACCOUNT][REGION].create_queue(name, {})
    return str(queue.url(urlparse(f"https://sqs.{REGION}.amazonaws.com")))


def _watch_bus() -> None:
    events = get_backend("events")[ACCOUNT][REGION]
    events.put_rule("own-events", event_pattern=json.dumps({"source": ["tunedrop"]}))
    target = {"Id": "published", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:Published"}
    events.put_targets("own-events", None, [target])


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

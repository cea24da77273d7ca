"""Everything an action may touch, in one value: tables, bucket, queues, bus, Bedrock (to read), settings, ids, time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from tunedrop.edges import clients, clock_and_ids
from tunedrop.edges.queues import Queue
from tunedrop.edges.rows.table import Table
from tunedrop.edges.s3.bucket import Bucket
from tunedrop.edges.settings import Settings, settings

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient

    from tunedrop.edges.clients import BedrockReader


class Clients(Protocol):
    """What the module `clients` offers; tests pass another. Clients are created only when used."""

    def dynamodb(self) -> DynamoDBClient: ...  # noqa: D102
    def dynamodb_aside(self) -> DynamoDBClient: ...  # noqa: D102
    def s3(self) -> S3Client: ...  # noqa: D102
    def s3_copying(self) -> S3Client: ...  # noqa: D102
    def sqs(self) -> SQSClient: ...  # noqa: D102
    def events(self) -> EventBridgeClient: ...  # noqa: D102
    def bedrock(self) -> BedrockReader: ...  # noqa: D102
    def scheduler(self) -> EventBridgeSchedulerClient: ...  # noqa: D102
    def service_quotas(self) -> ServiceQuotasClient: ...  # noqa: D102
    def cloudformation(self) -> CloudFormationClient: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Cloud:
    """Created once per invocation. It cannot spend: code that spends also takes a `Spender`."""

    settings: Settings
    clients: Clients
    now: Callable[[], datetime]
    """Returns the current time, aware, in UTC."""
    new_id: Callable[[], str]
    """Returns a new ULID in lower case."""
    denials_may_pass: bool = False
    """Whether a denial of S3's is raised as a fault that may pass, instead of being believed."""

    @property
    def state(self) -> Table:
        """StateTable: datasets, jobs, deployments, purchases."""
        return Table(self.clients.dynamodb(), self.settings.state_table)

    @property
    def access(self) -> Table:
        """AccessTable: API keys, last calls, and stored answers by Idempotency-Key."""
        return Table(self.clients.dynamodb(), self.settings.access_table)

    @property
    def access_aside(self) -> Table:
        """AccessTable for a write beside an answer, given up after a second."""
        return Table(self.clients.dynamodb_aside(), self.settings.access_table)

    @property
    def bucket(self) -> Bucket:
        """The data bucket."""
        return Bucket(self.clients.s3(), self.settings.data_bucket, self.clients.s3_copying, self.denials_may_pass)

    @property
    def upload_queue(self) -> Queue:
        """UploadQueue: versions to prepare, parts to join, deletions to carry out."""
        return Queue(self.clients.sqs(), self.settings.upload_queue_url)

    @property
    def spend_queue(self) -> Queue:
        """SpendQueue: jobs and purchases that may have a next step."""
        return Queue(self.clients.sqs(), self.settings.spend_queue_url)

    @property
    def job_event_queue(self) -> Queue:
        """JobEventQueue: jobs to compare with Bedrock, or whose model an evaluation has judged."""
        return Queue(self.clients.sqs(), self.settings.job_event_queue_url)

    @property
    def evaluation_queue(self) -> Queue:
        """EvaluationQueue: evaluations that may have a next step, and questions to ask."""
        return Queue(self.clients.sqs(), self.settings.evaluation_queue_url)

    @property
    def bus(self) -> EventBridgeClient:
        """The default event bus."""
        return self.clients.events()

    @property
    def bedrock(self) -> BedrockReader:
        """A Bedrock client for Get and List only."""
        return self.clients.bedrock()

    @property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """EventBridge Scheduler, for what ends paid capacity without us."""
        return self.clients.scheduler()

    @property
    def quotas(self) -> ServiceQuotasClient:
        """A Service Quotas client for this account."""
        return self.clients.service_quotas()

    @property
    def cloudformation(self) -> CloudFormationClient:
        """A CloudFormation client that asks what became of stacks."""
        return self.clients.cloudformation()


def cloud() -> Cloud:
    """The real `Cloud`, from the environment that the template sets. Raises KeyError for a missing variable."""
    return Cloud(settings(), clients, clock_and_ids.now, clock_and_ids.new_id)

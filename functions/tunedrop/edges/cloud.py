"""What a use case may touch, in one value: rows, objects, queues, bus, Bedrock for reading, settings, time, ids."""

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
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient

    from tunedrop.edges.clients import BedrockReader


class Clients(Protocol):
    """Makers of clients, as the module `clients` has them: what nobody asks for is never made."""

    def dynamodb(self) -> DynamoDBClient: ...  # noqa: D102
    def s3(self) -> S3Client: ...  # noqa: D102
    def sqs(self) -> SQSClient: ...  # noqa: D102
    def events(self) -> EventBridgeClient: ...  # noqa: D102
    def bedrock(self) -> BedrockReader: ...  # noqa: D102
    def service_quotas(self) -> ServiceQuotasClient: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Cloud:
    """Made once per invocation. Nothing in it can spend: whoever spends is handed a `Spender` besides."""

    settings: Settings
    clients: Clients
    now: Callable[[], datetime]
    """The time, UTC."""
    new_id: Callable[[], str]
    """A new ULID."""

    @property
    def state(self) -> Table:
        """StateTable: datasets, jobs, deployments, purchases."""
        return Table(self.clients.dynamodb(), self.settings.state_table)

    @property
    def access(self) -> Table:
        """AccessTable: API keys, and the first answers of requests."""
        return Table(self.clients.dynamodb(), self.settings.access_table)

    @property
    def bucket(self) -> Bucket:
        """The data bucket's objects."""
        return Bucket(self.clients.s3(), self.settings.data_bucket)

    @property
    def upload_queue(self) -> Queue:
        """Work on data: versions to prepare, parts to join, deletions to carry out."""
        return Queue(self.clients.sqs(), self.settings.upload_queue_url)

    @property
    def spend_queue(self) -> Queue:
        """Jobs and purchases that may have a next step."""
        return Queue(self.clients.sqs(), self.settings.spend_queue_url)

    @property
    def job_event_queue(self) -> Queue:
        """Jobs to be looked at."""
        return Queue(self.clients.sqs(), self.settings.job_event_queue_url)

    @property
    def bus(self) -> EventBridgeClient:
        """The default event bus."""
        return self.clients.events()

    @property
    def bedrock(self) -> BedrockReader:
        """Bedrock, for reading."""
        return self.clients.bedrock()

    @property
    def quotas(self) -> ServiceQuotasClient:
        """Service Quotas of the account."""
        return self.clients.service_quotas()


def cloud() -> Cloud:
    """The cloud of this function, as the template set it up."""
    return Cloud(settings(), clients, clock_and_ids.now, clock_and_ids.new_id)

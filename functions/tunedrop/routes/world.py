"""What routes hand to use cases: made by the handler, one per request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class World:
    """Collaborators, the clock's reading and the maker of ids."""

    settings: Settings
    state: Table
    access: Table
    s3: S3Client
    sqs: SQSClient
    bedrock: BedrockClient
    quotas: ServiceQuotasClient
    now: datetime
    new_id: Callable[[], str]

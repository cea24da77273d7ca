"""Every AWS client, created on first use: the only module that calls `boto3.client`.

Retries and timeouts are pinned because botocore's defaults change between releases (docs/facts.md#sdk-defaults).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NewType

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient

# mypy keeps these two apart, so a call that costs money can't go through a client that retries.
BedrockReader = NewType("BedrockReader", "BedrockClient")
"""A Bedrock client for Get and List, which the SDK may retry."""
Spender = NewType("Spender", "BedrockClient")
"""A Bedrock client for calls that start or stop spending, each sent once.

Only the role of SpendingRequestedFunction allows those calls.
"""


def _config(*, attempts: int, read_seconds: float) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )


# Presigned links need SigV4 because the objects are encrypted with KMS, and the Regional address because the
# global one redirects for a while after bucket creation, which breaks signatures (docs/facts.md#s3-objects).
_LINKS = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})


@cache
def s3() -> S3Client:
    """Client for the data bucket, with less time per read (20 s) than any of its functions has."""
    return boto3.client("s3", config=_config(attempts=4, read_seconds=20).merge(_LINKS))


@cache
def s3_copying() -> S3Client:
    """Client for copies within S3, which answer once up to 5 GB are copied: minutes (400 s per read).

    Two attempts fit into the 900 s of the function that copies; its message comes again.
    """
    return boto3.client("s3", config=_config(attempts=2, read_seconds=400).merge(_LINKS))


@cache
def dynamodb() -> DynamoDBClient:
    """Client for both tables; a read that takes longer than 5 s is sent again."""
    return boto3.client("dynamodb", config=_config(attempts=4, read_seconds=5))


@cache
def dynamodb_aside() -> DynamoDBClient:
    """Client for a write beside an answer, which may go missing, but must never hold the answer up: one try, 1 s."""
    return boto3.client("dynamodb", config=_config(attempts=1, read_seconds=1).merge(Config(connect_timeout=1)))


@cache
def sqs() -> SQSClient:
    """Client for sending messages and changing their visibility."""
    return boto3.client("sqs", config=_config(attempts=3, read_seconds=10))


@cache
def events() -> EventBridgeClient:
    """Client for publishing to the default event bus; a repeated PutEvents only duplicates an event."""
    return boto3.client("events", config=_config(attempts=3, read_seconds=10))


@cache
def bedrock() -> BedrockReader:
    """Client for reading from Bedrock: Get and List are safe to retry."""
    return BedrockReader(boto3.client("bedrock", config=_config(attempts=3, read_seconds=15)))


@cache
def spender() -> Spender:
    """Client for calls that cost money, never retried by the SDK: our rows decide whether to send again."""
    return Spender(boto3.client("bedrock", config=_config(attempts=1, read_seconds=30)))


@cache
def bedrock_runtime(*, read_seconds: float) -> BedrockRuntimeClient:
    """Client for invoking models, never retried: every attempt may be billed (docs/facts.md#sdk-defaults).

    `read_seconds` limits the silence between two reads, not the whole answer.
    """
    return boto3.client("bedrock-runtime", config=_config(attempts=1, read_seconds=read_seconds))


@cache
def scheduler() -> EventBridgeSchedulerClient:
    """Client for the schedules that end paid capacity; each is put under its own name, so a repeat changes nothing."""
    return boto3.client("scheduler", config=_config(attempts=3, read_seconds=10))


@cache
def service_quotas() -> ServiceQuotasClient:
    """Client for reading the account's quotas."""
    return boto3.client("service-quotas", config=_config(attempts=3, read_seconds=10))


@cache
def cloudformation() -> CloudFormationClient:
    """Client for asking what became of a stack, this one or another."""
    return boto3.client("cloudformation", config=_config(attempts=3, read_seconds=10))

"""Every AWS client, made on first use with retries and time-outs pinned: the only `boto3.client` of the application.

botocore changed its defaults between releases (docs/facts.md#sdk-defaults), so nothing is left to them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NewType

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient

# Two types that mypy never takes for each other: a call that costs can't be sent by a client that repeats it.
BedrockReader = NewType("BedrockReader", "BedrockClient")
"""Bedrock for Get and List, which the SDK may repeat."""
Spender = NewType("Spender", "BedrockClient")
"""Bedrock for calls that cost money or end it, each sent once. Only SpendingRequestedFunction's role may."""


def _config(*, attempts: int, read_seconds: float) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )


@cache
def s3() -> S3Client:
    """Objects; parts of an upload can take a while.

    Links are signed as encrypted objects ask for it (SigV4), for the Region's own address: the global one, which
    botocore would sign for else, redirects for some hours after a bucket was made, and no signature survives that.
    """
    links = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return boto3.client("s3", config=_config(attempts=4, read_seconds=60).merge(links))


@cache
def dynamodb() -> DynamoDBClient:
    """Rows."""
    return boto3.client("dynamodb", config=_config(attempts=4, read_seconds=5))


@cache
def sqs() -> SQSClient:
    """Queues."""
    return boto3.client("sqs", config=_config(attempts=3, read_seconds=10))


@cache
def events() -> EventBridgeClient:
    """The bus."""
    return boto3.client("events", config=_config(attempts=3, read_seconds=10))


@cache
def bedrock() -> BedrockReader:
    """Reading Bedrock: Get and List may be repeated freely."""
    return BedrockReader(boto3.client("bedrock", config=_config(attempts=3, read_seconds=15)))


@cache
def spender() -> Spender:
    """Calls that cost money: sent once. Whether to send again is decided from our rows, never by the SDK."""
    return Spender(boto3.client("bedrock", config=_config(attempts=1, read_seconds=30)))


@cache
def bedrock_runtime(*, read_seconds: float) -> BedrockRuntimeClient:
    """Answers of a model: each repetition may be billed, so the SDK never repeats (docs/facts.md#sdk-defaults)."""
    return boto3.client("bedrock-runtime", config=_config(attempts=1, read_seconds=read_seconds))


@cache
def service_quotas() -> ServiceQuotasClient:
    """Quotas of the account."""
    return boto3.client("service-quotas", config=_config(attempts=3, read_seconds=10))

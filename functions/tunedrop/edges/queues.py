"""Work handed from one function to another: ids only, never content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SCHEMA = 1


def send(sqs: SQSClient, queue_url: str, kind: str, **ids: str | int) -> None:
    """Put one message of `kind` on a queue."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps({"schema": SCHEMA, "kind": kind, **ids}))


def parse(body: str) -> Mapping[str, Any]:
    """A message's fields. Raises ValueError for one that this release cannot read; it ends in the DLQ, kept whole."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("the message is not a JSON object")  # noqa: TRY004 - of the value, not of an argument
    if "schema" in message and message["schema"] not in (SCHEMA, SCHEMA + 1):
        raise ValueError(f"message schema {message['schema']!r} is neither {SCHEMA} nor its neighbour")
    return message

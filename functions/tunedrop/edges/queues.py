"""Messages between functions: ids and words of our own, never content.

Each failed message is reported on its own, and waits longer after each delivery.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from tunedrop.edges import faults
from tunedrop.edges.observability import logger, metrics, traced
from tunedrop.errors import TunedropError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SCHEMA = 1
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 43_200
"""The longest visibility timeout that SQS allows (docs/facts.md#sqs)."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One SQS queue of the stack."""

    sqs: SQSClient
    url: str

    def send(self, kind: str, **about: str | int) -> None:
        """Send one message of this `kind`, with ids or words of our own. Raises botocore's errors."""
        self.send_later(0, kind, **about)

    def send_later(self, seconds: int, kind: str, **about: str | int) -> None:
        """The same, received by nobody for so many seconds, at most 900."""
        body = json.dumps({"schema": SCHEMA, "kind": kind, **about})
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body, DelaySeconds=seconds)


def parse(body: str) -> Mapping[str, Any]:
    """The message's fields. Raises ValueError for one this release cannot read; it ends up unchanged in the DLQ."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("the message is not a JSON object")  # noqa: TRY004 - of the value, not of an argument
    # During a deployment a newer function may already send the next schema; AWS's own events have none.
    if "schema" in message and message["schema"] not in (SCHEMA, SCHEMA + 1):
        raise ValueError(f"message schema {message['schema']!r} is neither {SCHEMA} nor {SCHEMA + 1}")
    return message


def work_through(
    event: Mapping[str, Any], take: Callable[[Mapping[str, Any]], object], queue: Queue
) -> dict[str, list[dict[str, str]]]:
    """Call `take` with each message's fields. Returns SQS's partial batch response, naming the messages that raised.

    Those are redelivered after a wait that grows with each delivery.
    """
    failures = []
    for record in event["Records"]:
        try:
            take(parse(record["body"]))
        except Exception as fault:  # noqa: BLE001 - whatever it is, the message must be redelivered
            _wait_longer(record, fault, queue)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def deliveries(event: Mapping[str, Any]) -> int:
    """How often the message that came most often was delivered, this time included."""
    return max(_receive_count(record) for record in event["Records"])


def wait_seconds(receive_count: int, first: int = FIRST_WAIT_SECONDS) -> int:
    """Seconds until the next delivery: `first`, doubled for each earlier delivery, at most `LONGEST_WAIT_SECONDS`."""
    return int(min(first * 2 ** max(receive_count - 1, 0), LONGEST_WAIT_SECONDS))


def _receive_count(record: Mapping[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def _wait_longer(record: Mapping[str, Any], fault: Exception, queue: Queue) -> None:
    count = _receive_count(record)
    known = fault.details.get("retry_after_seconds") if isinstance(fault, TunedropError) else None
    seconds = wait_seconds(count, known or FIRST_WAIT_SECONDS)
    metrics.add_metric("MessageFailed", MetricUnit.Count, 1)
    told = {"message_id": record["messageId"], "receive_count": count, "wait_seconds": seconds}
    logger.error("message failed", extra={**traced(fault), **told})
    try:
        queue.sqs.change_message_visibility(
            QueueUrl=queue.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
        )
    except faults.FAULTS as refused:  # no message pays for the fault of another, nor for the network's
        logger.warning("visibility timeout not changed: the queue's default applies", extra=traced(refused))

"""Messages of one SQS batch, each for itself: what failed comes again, what went well does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tunedrop.edges.observability import logger


def each(event: Mapping[str, Any], carry_out: Callable[[str], object]) -> dict[str, list[dict[str, str]]]:
    """Call `carry_out` with the body of every message; the answer names the messages to deliver again."""
    failed: list[dict[str, str]] = []
    for record in event["Records"]:
        try:
            carry_out(record["body"])
        except Exception:  # noqa: BLE001 - whatever it was, the other messages must not come again for it
            logger.exception("a message failed and will come again", extra={"message_id": record["messageId"]})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}

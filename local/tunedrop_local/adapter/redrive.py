"""Seam: moves dead letters back to the queues they came from (StartMessageMoveTask), which MiniStack lacks."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from ministack.services import sqs

from tunedrop_local.adapter import seams

_SOURCE = "DeadLetterQueueSourceArn"


def install() -> None:
    """Adds the operation; asked_resources.py knows what policies are asked for."""
    seams.original(sqs, "_queue_by_arn", "arn")
    sqs._HANDLERS["StartMessageMoveTask"] = _start


def _start(request: dict[str, Any], _: str) -> dict[str, Any]:
    """Moves all that is visible at once; what came from no queue stays, as on AWS."""
    dead = sqs._queue_by_arn(request["SourceArn"])
    if dead is None:
        raise sqs._Err("ResourceNotFoundException", "The resource that you specified for the SourceArn doesn't exist.")
    stays = []
    for message in dead["messages"]:
        source = sqs._queue_by_arn(message.get("sys", {}).get(_SOURCE, ""))
        if source is None or message["visible_at"] > time.time():
            stays.append(message)
        else:
            source["messages"].append(message | {"receive_count": 0, "receipt_handle": None, "sys": _fresh(message)})
    dead["messages"] = stays
    sqs.esm_wake.set()
    return {"TaskHandle": uuid4().hex}


def _fresh(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message["sys"].items() if name != _SOURCE}

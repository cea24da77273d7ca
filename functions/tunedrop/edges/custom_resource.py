"""CloudFormation's requests about a custom resource, and our answers to them (docs/facts.md#cloudformation)."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.error import HTTPError

ANSWER_WITHIN = 10.0
"""Seconds for one attempt to hand an answer over."""
PAUSES = (1.0, 3.0)
"""Seconds before each further attempt; Lambda then runs the function twice more."""
MAX_REASON = 1000
"""Characters of a reason. All of an answer has room for 4096 bytes."""


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """What CloudFormation asks for."""

    kind: Literal["Create", "Update", "Delete"]
    id: str
    """The resource's physical id; one that is still to be created has none, which is an empty text here."""
    answer_to: str = field(repr=False)
    """A URL that lets whoever has it answer: it is never logged."""
    identity: Mapping[str, str]
    """What every answer repeats."""


def request_from(event: Mapping[str, Any]) -> ResourceRequest:
    """The event as a request. Raises KeyError if CloudFormation did not send it."""
    return ResourceRequest(
        kind=event["RequestType"],
        id=event.get("PhysicalResourceId", ""),
        answer_to=event["ResponseURL"],
        identity={name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    )


def answer(request: ResourceRequest, physical_id: str, refused_because: str | None) -> None:
    """Tell CloudFormation that it is done, or why not. Raises OSError if no attempt got through."""
    said = {
        **request.identity,
        "PhysicalResourceId": request.id or physical_id,
        "Status": "FAILED" if refused_because else "SUCCESS",
        "Reason": (refused_because or "")[:MAX_REASON],
    }
    if not request.answer_to.startswith(("https://", "http://")):
        raise ValueError("an answer goes to a URL")
    body = json.dumps(said).encode()
    for pause in (*PAUSES, None):
        # The URL is signed for an empty content type.
        sent = urllib.request.Request(request.answer_to, body, {"Content-Type": ""}, method="PUT")  # noqa: S310
        try:
            with urllib.request.urlopen(sent, timeout=ANSWER_WITHIN):  # noqa: S310
                return
        except OSError as error:
            if isinstance(error, HTTPError):
                error.close()
            if pause is None:
                raise
            time.sleep(pause)

"""Events and contexts as AWS would send them, started from the real ones under `events/`."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent.parent / "events"

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What Powertools and handlers read of Lambda's context."""

    function_name: str = "tunedrop-function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-west-2:123456789012:function:tunedrop-function"
    aws_request_id: str = "0a1b2c3d-0000-4000-8000-000000000000"
    milliseconds_left: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        """As if it had just begun, unless the test says otherwise."""
        return self.milliseconds_left


def event(name: str) -> Any:
    """A fresh copy of `events/<name>.json`."""
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))


def object_created(
    key: str,
    *,
    bucket: str = "tunedrop-data-123456789012",
    version_id: str | None = None,
    size: int = 1,
    sequencer: str | None = None,
) -> dict[str, Any]:
    """The EventBridge event of S3 for one object; without `version_id` the member is absent, as the service does."""
    built: dict[str, Any] = copy.deepcopy(event("s3_object_created"))
    built["detail"]["bucket"]["name"] = bucket
    described = built["detail"]["object"]
    described |= {"key": key, "size": size}
    for name, value in (("version-id", version_id), ("sequencer", sequencer)):
        described.pop(name, None)
        if value is not None:
            described[name] = value
    return built


def sqs_event(*bodies: Mapping[str, Any] | str, receive_count: int = 1, queue: str = "UploadQueue") -> dict[str, Any]:
    """What an event source mapping hands over: one record for each body."""
    return {"Records": [_sqs_record(body, receive_count, queue) for body in bodies]}


def _sqs_record(body: Mapping[str, Any] | str, receive_count: int, queue: str) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012d}",
        "receiptHandle": f"receipt-{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": "1795338904000",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1795338904001",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-west-2:123456789012:{queue}",
        "awsRegion": "us-west-2",
    }


CALLER = "arn:aws:sts::123456789012:assumed-role/platform-team/ada"


def api_request(
    method: str,
    path: str,
    *,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    raw: str | None = None,
    caller: str | None = None,
) -> dict[str, Any]:
    """A REST API proxy event of ControlApi, signed by CALLER if by nobody else."""
    built: dict[str, Any] = event("control_api_request")
    sent = {"Content-Type": "application/json", **(headers or {})}
    context = built["requestContext"]
    context |= {"httpMethod": method, "path": f"/v1{path}", "resourcePath": path}
    context["identity"]["userArn"] = caller or CALLER
    return built | {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "body": raw if raw is not None else None if body is None else json.dumps(body),
    }


def api_answer(answer: Mapping[str, Any]) -> tuple[int, Any]:
    """Status and JSON of what a REST API handler returned."""
    return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

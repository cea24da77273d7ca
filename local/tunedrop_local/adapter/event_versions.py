"""Seam: S3's EventBridge events carry `version-id` for buckets with versioning, as on AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

from tunedrop_local.adapter import seams

_version: ContextVar[str | None] = ContextVar("s3_event_version", default=None)


def install() -> None:
    """Passes the version id from S3's notification code to the code that builds the event."""
    fire = seams.original(s3, "_fire_s3_event", "bucket_name", "key", "event_name")
    dispatch = seams.original(eventbridge, "_dispatch_event", "event")

    def fire_with_version(*arguments: Any, version_id: str | None = None, **options: Any) -> None:
        token = _version.set(version_id)
        try:
            fire(*arguments, version_id=version_id, **options)
        finally:
            _version.reset(token)

    def dispatch_with_version(event: dict[str, Any], *rest: Any, **options: Any) -> Any:
        return dispatch(with_version(event, _version.get()), *rest, **options)

    seams.replace(s3, "_fire_s3_event", fire_with_version)
    seams.replace(eventbridge, "_dispatch_event", dispatch_with_version)


def with_version(event: Mapping[str, Any], version: str | None) -> dict[str, Any]:
    """The event, with the object's version id if it is S3's event and the version is known."""
    if not version or event.get("Source") != "aws.s3":
        return dict(event)
    detail = json.loads(event["Detail"])
    detail["object"]["version-id"] = version
    return {**event, "Detail": json.dumps(detail)}

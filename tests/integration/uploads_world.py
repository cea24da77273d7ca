"""A person with the data bucket, and the queue that brings S3's events to dataset_uploaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dataset_uploaded
from botocore.exceptions import ClientError
from moto.backends import get_backend
from tunedrop.actions.datasets import read_datasets
from tunedrop.domain.checks import examples
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges import clock_and_ids
from tunedrop.edges.rows.writes import Key

from tests import builders

ACCOUNT = "123456789012"

TRAIN = "incoming/support-bot/train.jsonl"
VALIDATION = "incoming/support-bot/validation.jsonl"
SETTINGS = "incoming/support-bot/dataset.toml"
EARLIER = clock_and_ids.now().replace(microsecond=0, tzinfo=None) - timedelta(hours=1)
"""An hour ago, as moto keeps times: for uploads that must not be of one second."""


class Uploader:
    """Puts objects, and hands their events over when told to."""

    def __init__(self, stack) -> None:
        self.stack = stack
        self.sequence = 0

    def put(self, key: str, body: bytes | str, *, at: int | None = None, **metadata: str) -> dict[str, Any]:
        """Upload, and return the event that S3 sends. `at`: seconds after `EARLIER`, else it is now."""
        body = body.encode() if isinstance(body, str) else body
        stored = self.stack.s3.put_object(Bucket=self.stack.bucket, Key=key, Body=body, Metadata=metadata)
        self._date(key, stored["VersionId"], at)
        self.sequence += 1
        return builders.object_created(
            key, version_id=stored["VersionId"], size=len(body), sequencer=f"{self.sequence:016X}"
        )

    def delete(self, key: str, *, at: int | None = None) -> None:
        """As people do: what lay there stays as a version that is not the current one."""
        marker = self.stack.s3.delete_object(Bucket=self.stack.bucket, Key=key)
        self._date(key, marker["VersionId"], at)

    def erase(self, event: dict[str, Any]) -> None:
        """The very object version that the event told of, for good."""
        described = event["detail"]["object"]
        self.stack.s3.delete_object(Bucket=self.stack.bucket, Key=described["key"], VersionId=described["version-id"])

    def _date(self, key: str, version_id: str, at: int | None) -> None:
        if at is not None:
            kept = get_backend("s3")[ACCOUNT]["aws"].buckets[self.stack.bucket].keys.getlist(key)
            (found,) = [item for item in kept if item.version_id == version_id]
            found.last_modified = EARLIER + timedelta(seconds=at)

    def deliver(self, *events: dict[str, Any], receive_count: int = 1) -> list[str]:
        """Hand the events to the function; returns the ids of messages that it gave back."""
        event = builders.sqs_event(*events, receive_count=receive_count)
        answer = dataset_uploaded.handler(event, builders.LambdaContext())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def upload(self, key: str, body: bytes | str, **metadata: str) -> None:
        """Upload and deliver at once."""
        assert self.deliver(self.put(key, body, at=None, **metadata)) == []

    def object(self, key: str) -> bytes:
        """What lies there now."""
        return self.stack.s3.get_object(Bucket=self.stack.bucket, Key=key)["Body"].read()

    def report(self, version: int = 1, base_model: str = "claude-3-haiku", split: str = "train") -> dict[str, Any]:
        """A report of support-bot."""
        return json.loads(self.object(f"reports/support-bot/{version}/{base_model}/{split}.json"))

    def keys(self, prefix: str) -> list[str]:
        """Keys of all objects under a prefix."""
        listed = self.stack.s3.list_objects_v2(Bucket=self.stack.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]


def good(count: int = 40, start: int = 0) -> bytes:
    """So many good records, all different."""
    return examples.good(count, start)()


def version(stack, number: int = 1) -> Version:
    """A version of support-bot."""
    return read_datasets.get_version("support-bot", number, stack.cloud)


def upload_row(stack, event: dict[str, Any], slot: str = "train") -> dict[str, Any]:
    row = stack.table.get(Key("DATASET#support-bot", f"UPLOAD#{slot}#{event['detail']['object']['version-id']}"))
    assert row is not None
    return row


def once(client: Any, call: str, action: Callable[[], None]) -> None:
    """Let `action` happen right before the next such call of the application's own client."""
    pending = [action]

    def before(**_: Any) -> None:
        if pending:
            pending.pop()()

    client.meta.events.register_first(f"before-call.{call}", before)


def fault(code: str, operation: str = "PutObject", status: int = 503) -> Callable[[], None]:
    """An answer of AWS that is no success."""

    def strike() -> None:
        answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, operation)

    return strike

"""A stack in which every handler can be called, and everything that it wrote can be looked through for canaries."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import control_api
import dataset_uploaded
import deletion_guard
import evaluation_requested
import job_state_changed
import messages_api
import pytest
import reconcile
import spending_requested
from botocore.exceptions import ClientError
from moto.backends import get_backend
from tunedrop.edges import clients
from tunedrop.edges.observability import logger

from tests import builders
from tests.faults import function_output
from tests.faults.canaries import Flock
from tests.faults.function_output import Output
from tests.hostile.world import Populated, populated
from tests.integration.conftest import ACCOUNT
from tests.integration.uploads_world import Uploader

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    module.__name__: module.handler
    for module in (
        dataset_uploaded,
        control_api,
        job_state_changed,
        spending_requested,
        evaluation_requested,
        reconcile,
        messages_api,
        deletion_guard,
    )
}
ASKING = partial(clients.bedrock_runtime, read_seconds=evaluation_requested.READ_SECONDS)
CLIENTS = (clients.dynamodb, clients.s3, clients.sqs, clients.events, clients.bedrock, clients.spender, ASKING)

_SHOWS_DATA = re.compile(r"reports/[^/]+/\d+/evaluations/")
"""An evaluation's report quotes what was asked and answered, and is deleted with it."""


@dataclass(slots=True)
class CanaryWorld:
    """The stack of the hostile tests, what its functions write, and the canaries."""

    populated: Populated
    output: Output
    flock: Flock
    uploader: Uploader
    calls: int = 0
    """Of functions."""
    _seen_objects: set[tuple[str, str]] = field(default_factory=set)

    @property
    def stack(self) -> Any:
        return self.populated.stack

    def call(self, function: str, event: Any) -> Any:
        """One invocation. What its runtime would print of an exception is in its output, too."""
        self.calls += 1
        try:
            return FUNCTIONS[function](event, builders.LambdaContext())
        except Exception:  # noqa: BLE001 - Lambda's runtime takes any
            self.output.write(traceback.format_exc())
            return None

    def deliver(self, *events: Any) -> None:
        """Uploads' events through their function, one by one; those that fail lie among the dead letters at last."""
        for event in events:
            self.call("dataset_uploaded", builders.sqs_event(event))
            self.flock.look("dead letters", json.dumps(event), "an upload's event")

    def look(self, while_: str) -> None:
        """Look through all that was written since the last look: logs, rows, events, messages, reports."""
        self.flock.look("log", self.output.getvalue(), while_)
        self.output.seek(0)
        self.output.truncate()
        for table in (self.stack.settings.state_table, self.stack.settings.access_table):
            rows = get_backend("dynamodb")[ACCOUNT]["us-west-2"].tables[table].items
            told = [str(row.to_json()) for rows_of_key in rows.values() for row in rows_of_key.values()]
            self.flock.look("rows", "\n".join(told), while_)
        self.flock.look("events", json.dumps(self.stack.messages(self.stack.published_queue_url)), while_)
        stack = self.stack
        queues = (stack.upload_queue_url, stack.spend_queue_url, stack.job_event_queue_url, stack.evaluation_queue_url)
        for url in queues:
            self.flock.look("queues", json.dumps(self.stack.messages(url)), while_)
        kept = get_backend("s3")[ACCOUNT]["aws"].buckets[self.stack.bucket].keys
        prepared = [kept[key].value for key in kept if key.startswith("prepared/canary-")]
        self.flock.in_data = sum(b"Wren" in value for value in prepared)
        reports = [key for key in kept if key.startswith("reports/") and not _SHOWS_DATA.match(key)]
        for key in reports:
            for item in kept.getlist(key):
                if hasattr(item, "value") and (key, item.version_id) not in self._seen_objects:
                    self._seen_objects.add((key, item.version_id))
                    self.flock.look("reports", f"{key} {item.value.decode('utf-8', 'replace')}", while_)


@contextmanager
def canary_world() -> Iterator[CanaryWorld]:
    """Such a world, with metrics switched on."""
    with populated() as made, function_output.captured() as output, pytest.MonkeyPatch.context() as environment:
        environment.delenv("POWERTOOLS_METRICS_DISABLED")
        logger.setLevel("INFO")
        yield CanaryWorld(made, output, Flock(), Uploader(made.stack))


def fault_of(flock: Flock, kind: str, place: str, operation: str) -> Exception:
    """An exception whose words hold a canary: AWS's, or one of a library that reads data."""
    words = flock.canary("exception", f"{kind} at {place}, {operation}")
    if kind == "AWS":
        error = {"Code": "ValidationException", "Message": f"{words} is not valid"}
        answer: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return ClientError(answer, operation)
    return ValueError(f"could not convert string to float: {words!r}")


@contextmanager
def failing(nth: int, fault: Callable[[str], Exception]) -> Iterator[list[str]]:
    """Let the `nth` AWS call of the block fail (from 0, -1: none); yields the names of the calls."""
    names: list[str] = []

    def before(model: Any, **_: Any) -> None:
        names.append(model.name)
        if len(names) == nth + 1:
            raise fault(model.name)

    emitters = [client().meta.events for client in CLIENTS]
    for emitter in emitters:
        emitter.register_first("before-call.*", before)
    try:
        yield names
    finally:
        for emitter in emitters:
            emitter.unregister("before-call.*", before)

"""Calls of AWS behind one request, as botocore sends them; links that are only signed are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tunedrop.edges import clients

UNIT = 4_096
"""Bytes: an eventually consistent read of as much takes half a unit of capacity, each query rounded up."""


@dataclass
class Counted:
    """By service and operation; and what queries read."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows_read: int = 0
    units_read: float = 0.0

    def of(self, service: str) -> int:
        """How many calls of one service."""
        return sum(count for (name, _), count in self.calls.items() if name == service)

    def called(self, model: Any, **_: Any) -> None:
        """Botocore is about to send."""
        self.calls[model.service_model.service_name, model.name] += 1

    def answered(self, parsed: Any, **_: Any) -> None:
        """A query's answer."""
        rows = parsed.get("Items", ())
        self.rows_read += len(rows)
        size = sum(_size(row) for row in rows)
        self.units_read += -(-size // UNIT) / 2


@contextmanager
def counted() -> Iterator[Counted]:
    """What the block calls, by whatever client of ours."""
    found = Counted()
    made = (clients.dynamodb(), clients.sqs(), clients.events(), clients.s3(), clients.bedrock(),
            clients.spender(), clients.service_quotas())  # fmt: skip
    for client in made:
        client.meta.events.register("before-call.*", found.called)
    clients.dynamodb().meta.events.register("after-call.dynamodb.Query", found.answered)
    try:
        yield found
    finally:
        for client in made:
            client.meta.events.unregister("before-call.*", found.called)
        clients.dynamodb().meta.events.unregister("after-call.dynamodb.Query", found.answered)


def _size(value: Any) -> int:
    """About what DynamoDB counts of an item: names and values, in UTF-8."""
    if isinstance(value, dict):
        return sum(len(name.encode()) + _size(each) for name, each in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(str(value).encode())

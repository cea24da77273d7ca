"""A queue and its function as SQS and Lambda's event source mapping treat them, on virtual time.

The figures are the template's own. A message is invisible while a function has it, is seen again unless it was deleted,
and lies with the dead letters once it was received too often.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests import builders
from tests.template import who_may_do_what


@dataclass(frozen=True, slots=True)
class Rules:
    """What the template says of a queue and of the mapping that hands its messages to a function."""

    visibility_seconds: float
    most_receives: int
    batch_size: int
    most_at_once: int
    partial_failures: bool


def deployed_rules(queue: str) -> Rules:
    """Of one queue of the translated template."""
    stack = who_may_do_what.current()
    (mapping,) = [
        each
        for each in stack.of("AWS::Lambda::EventSourceMapping")
        if stack.referred(each["EventSourceArn"]).id == queue
    ]
    properties = stack[queue].properties
    return Rules(
        visibility_seconds=properties["VisibilityTimeout"],
        most_receives=properties["RedrivePolicy"]["maxReceiveCount"],
        batch_size=mapping["BatchSize"],
        most_at_once=mapping["ScalingConfig"]["MaximumConcurrency"],
        partial_failures="ReportBatchItemFailures" in mapping["FunctionResponseTypes"],
    )


@dataclass(slots=True, eq=False)
class Message:
    """One message of a standard queue."""

    id: str
    body: str
    visible_at: float
    receives: int = 0
    receipt: str = ""
    done: bool = False
    """Deleted, or a dead letter."""


@dataclass(slots=True)
class EventSource:
    """One queue, its dead letters, and what Lambda is handed of it."""

    name: str
    rules: Rules
    dead: list[Message] = field(default_factory=list)
    _waiting: list[tuple[float, int, Message]] = field(default_factory=list)
    _out: dict[str, Message] = field(default_factory=dict)
    """By receipt handle: what functions have in hand or have failed with."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def send(self, body: str, at: float) -> Message:
        """A message that can be received from then on."""
        message = Message(f"message-{next(self._numbers):08d}", body, at)
        self._hold(message)
        return message

    def next_at(self) -> float | None:
        """When the next message can be received; None if there is none."""
        while self._waiting:
            at, _, message = self._waiting[0]
            if not message.done and at == message.visible_at:
                return at
            heapq.heappop(self._waiting)  # what was deleted, or will be seen at another time
        return None

    def receive(self, now: float) -> list[Message]:
        """One batch. A message that was received too often becomes a dead letter instead."""
        batch: list[Message] = []
        while len(batch) < self.rules.batch_size and (at := self.next_at()) is not None and at <= now:
            _, _, message = heapq.heappop(self._waiting)
            if message.receives >= self.rules.most_receives:
                message.done = True
                self.dead.append(message)
                continue
            message.receives += 1
            message.receipt = f"{message.id}/{message.receives}"
            self._out[message.receipt] = message
            self.show(message.receipt, now + self.rules.visibility_seconds)
            batch.append(message)
        return batch

    def show(self, receipt: str, at: float) -> None:
        """ChangeMessageVisibility: the message can be received again from then on."""
        message = self._out[receipt]
        message.visible_at = at
        self._hold(message)

    def answered(self, batch: Sequence[Message], answer: Mapping[str, Any] | None) -> list[Message]:
        """The function's answer, None if it died; the messages that Lambda deletes for it."""
        if answer is None:
            return []
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        if failed and not self.rules.partial_failures:
            return []
        deleted = [message for message in batch if message.id not in failed]
        for message in deleted:
            message.done = True
        return deleted

    def redrive(self, now: float) -> list[Message]:
        """StartMessageMoveTask: all dead letters are new messages of the queue they came from."""
        moved = [self.send(message.body, now) for message in self.dead]
        self.dead.clear()
        return moved

    def event(self, batch: Sequence[Message]) -> dict[str, Any]:
        """What the function is called with."""
        records = []
        for message in batch:
            (record,) = builders.sqs_event(message.body, receive_count=message.receives, queue=self.name)["Records"]
            records.append(record | {"messageId": message.id, "receiptHandle": message.receipt})
        return {"Records": records}

    def _hold(self, message: Message) -> None:
        heapq.heappush(self._waiting, (message.visible_at, next(self._numbers), message))

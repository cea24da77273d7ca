"""The stack's queues, and how each is worked through, by the template's own figures."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.template import who_may_do_what


@dataclass(slots=True)
class Message:
    """One message of SQS."""

    id: str
    body: str
    visible_at: datetime
    received: int = 0


@dataclass(slots=True)
class Line:
    """A queue, and how it is worked through."""

    name: str
    handler: str
    seconds: int
    """How long one run of the function may take."""
    visibility: timedelta
    batch: int
    most_receives: int
    messages: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)

    def receive(self, now: datetime) -> list[Message]:
        """As many messages as one run gets; those received too often are dead letters instead."""
        seen = [message for message in self.messages if message.visible_at <= now]
        for message in seen:
            if message.received >= self.most_receives:
                self.messages.remove(message)
                self.dead.append(message)
        batch = [message for message in seen if message in self.messages][: self.batch]
        for message in batch:
            message.received += 1
            message.visible_at = now + self.visibility
        return batch


@functools.cache
def deployed_lines() -> tuple[tuple[str, str, int, int, int, int], ...]:
    """Of each queue with a function: name, handler, time-out, visibility time-out, batch size, most receives."""
    stack = who_may_do_what.current()
    found = []
    for mapping in stack.of("AWS::Lambda::EventSourceMapping"):
        queue, function = stack.referred(mapping["EventSourceArn"]), stack.referred(mapping["FunctionName"])
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping.id
        receives = queue["RedrivePolicy"]["maxReceiveCount"]
        handler = function["Handler"].removesuffix(".handler")
        found.append(
            (queue.id, handler, function["Timeout"], queue["VisibilityTimeout"], mapping["BatchSize"], receives)
        )
    return tuple(found)

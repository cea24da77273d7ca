"""The stack's queues by SQS's rules on a stepped clock: visibility, receive counts, dead letters, repeats."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

MOST_RECEIVES = 5
VISIBILITY: Mapping[str, int] = {"UploadQueue": 960, "SpendQueue": 360, "JobEventQueue": 720}
"""Seconds. A test compares both with the template."""


@dataclass(slots=True, eq=False)
class Message:
    """One message; `received` counts its deliveries."""

    queue: str
    body: Mapping[str, Any]
    visible_at: datetime
    number: int
    received: int = 0


@dataclass(slots=True)
class Queues:
    """What lies on the queues, oldest first, what was carried out, and what ended as a dead letter."""

    waiting: list[Message] = field(default_factory=list)
    done: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    asked_wait: int | None = None
    """The visibility timeout that the function asked for in the delivery that is going on."""
    _numbers: Any = field(default_factory=itertools.count)

    def send(self, queue: str, body: Mapping[str, Any], now: datetime) -> None:
        """A message arrives."""
        self.waiting.append(Message(queue, body, now, next(self._numbers)))

    def due(self, now: datetime) -> list[Message]:
        """What a function can be given now."""
        return [message for message in self.waiting if message.visible_at <= now]

    def receive(self, message: Message) -> None:
        """A function gets it."""
        message.received += 1
        self.asked_wait = None

    def settle(self, message: Message, now: datetime, *, failed: bool, crashed: bool) -> None:
        """The delivery is over: the message is gone, waits for its next delivery, or is a dead letter."""
        if not failed:
            self.waiting.remove(message)
            self.done.append(message)
        elif message.received >= MOST_RECEIVES:
            self.waiting.remove(message)
            self.dead.append(message)
        else:
            asked = None if crashed else self.asked_wait
            message.visible_at = now + timedelta(seconds=VISIBILITY[message.queue] if asked is None else asked)

    def repeat(self, message: Message, now: datetime) -> None:
        """SQS and EventBridge deliver at least once: a message that waits, or was carried out, comes once more."""
        again = copy.copy(message)
        again.number, again.received, again.visible_at = next(self._numbers), 0, now
        self.waiting.append(again)

    def redrive(self, now: datetime) -> None:
        """A person sends all dead letters back."""
        for message in self.dead:
            message.received, message.visible_at = 0, now
        self.waiting += self.dead
        self.dead.clear()

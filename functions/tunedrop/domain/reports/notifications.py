"""Notifications: what happened, what it cost so far, and the next command. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tunedrop.domain.reports import next_commands

SOURCE = "tunedrop"
"""The source of every own event; policies of IAM name it."""
SCHEMA = 1
"""Schema number in the detail of every own event; docs/api.md describes the schemas."""


def fact_id(*parts: object) -> str:
    """A SHA-256 of the parts, in hex: the same fact has the same id however often it is published."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Notification:
    """One own event. Its `id` depends only on the fact, so that receivers can drop repeats."""

    type: str
    """Past tense: DatasetPrepared, JobCompleted, DeploymentReady …"""
    id: str
    stack: str
    """The stack's ARN."""
    time: datetime
    summary: str
    """One sentence for a person."""
    next_command: str
    """What a person would type next, with this stack's names filled in as far as they are known."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()

    def detail(self) -> dict[str, Any]:
        """Return the event's detail, as docs/api.md describes it."""
        return {
            "schema": SCHEMA,
            "event_id": self.id,
            "stack": self.stack,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "summary": self.summary,
            "next_command": next_commands.in_stack(self.next_command, self.stack),
            **self.facts,
        }


def of_test(stack: str, now: datetime) -> Notification:
    """The notification by which a person tries where notifications arrive; nothing has happened."""
    return Notification(
        type="TestNotification",
        id=fact_id("TestNotification", stack, now.isoformat()),
        stack=stack,
        time=now,
        summary="Somebody tried where the notifications of this stack arrive: also here. Nothing else happened.",
        next_command=next_commands.doctor(),
    )

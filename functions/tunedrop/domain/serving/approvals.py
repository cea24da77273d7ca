"""An approval: what somebody asked for, and another person allows before it is done. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tunedrop.domain.serving.acts import Author
from tunedrop.errors import Conflict

WAITS = timedelta(hours=72)
"""A weekend and a day: what nobody approved by then is withdrawn."""
_SESSION = re.compile(r"(arn:[a-z-]+:sts::[0-9]{12}):assumed-role/([^/]+)/(.+)")
_FEDERATED = re.compile(r"(arn:[a-z-]+:sts::[0-9]{12}):federated-user/.+")
_BY_PERSON = "AWSReservedSSO_"
"""Begins the roles that IAM Identity Center makes; it names each session after the person (docs/facts.md#iam)."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What waits, or waited, for another person."""

    plan_id: str
    """Of the plan that was asked for, and that is approved."""
    asked_by: str
    """An IAM ARN, as of whoever approves."""
    asked_at: datetime
    expires_at: datetime
    """When it is withdrawn unless somebody approved it."""
    approved_by: str | None = None
    approved_at: datetime | None = None
    reason: str | None = None

    def waits(self, now: datetime) -> bool:
        """Whether it may still be approved."""
        return self.approved_at is None and now < self.expires_at


def ask(plan_id: str, author: Author, now: datetime) -> Approval:
    """The request for an approval."""
    return Approval(plan_id, author.by, now, now + WAITS)


def give(approval: Approval, author: Author, reason: str, now: datetime) -> Approval:
    """The approval once it is given. Raises Conflict `own_request` and `approval_expired`."""
    if person(author.by) == person(approval.asked_by):
        raise Conflict(
            "own_request",
            f"{approval.asked_by} asked for this, so somebody else has to approve it: another user, or another role.",
            asked_by=approval.asked_by,
        )
    if not approval.waits(now):
        ended = approval.expires_at.isoformat(timespec="seconds")
        raise Conflict("approval_expired", f"It could be approved until {ended}. Ask for it again.", expires_at=ended)
    return replace(approval, approved_by=author.by, approved_at=now, reason=reason)


def person(arn: str) -> str:
    """Who is behind an IAM ARN, as far as it tells.

    Whoever takes on a role chooses the session's name, so all its sessions count as one, and so do those of federated
    users; under IAM Identity Center the name is the person's, whichever of their roles it is.
    """
    if federated := _FEDERATED.fullmatch(arn):
        return f"{federated[1]}:federated-user"
    session = _SESSION.fullmatch(arn)
    if session is None:
        return arn
    account, role, name = session.groups()
    return f"{account}:person/{name}" if role.startswith(_BY_PERSON) else f"{account}:assumed-role/{role}"

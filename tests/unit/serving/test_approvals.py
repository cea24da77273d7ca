"""Who approves is somebody else than who asked, as far as their ARNs tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tunedrop.domain.serving import approvals
from tunedrop.domain.serving.acts import Author
from tunedrop.errors import Conflict

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
USER = "arn:aws:iam::123456789012:user/"
ROLE = "arn:aws:sts::123456789012:assumed-role/"
SSO = f"{ROLE}AWSReservedSSO_"
THE_SAME = {
    "one user": (f"{USER}dana", f"{USER}dana"),
    "two sessions of one role": (f"{ROLE}Operators/dana", f"{ROLE}Operators/kim"),
    "one person of Identity Center in two roles": (f"{SSO}Operators_1/dana@x.org", f"{SSO}Approvers_2/dana@x.org"),
}
OTHERS = {
    "two users": (f"{USER}dana", f"{USER}kim"),
    "two roles": (f"{ROLE}Operators/dana", f"{ROLE}Approvers/dana"),
    "two people of Identity Center in one role": (f"{SSO}Operators_1/dana@x.org", f"{SSO}Operators_1/kim@x.org"),
    "a role of another account": (f"{ROLE}Operators/dana", f"{ROLE}Operators/dana".replace("1234", "9999")),
    "a user and a role": (f"{USER}dana", f"{ROLE}dana/dana"),
}


@pytest.mark.parametrize(("asker", "approver"), THE_SAME.values(), ids=THE_SAME)
def test_nobody_approves_what_they_asked_for(asker, approver):
    asked = approvals.ask("plan", Author(asker), NOW)
    with pytest.raises(Conflict, match="asked for this") as refused:
        approvals.give(asked, Author(approver), "why", NOW)
    assert refused.value.code == "own_request"


@pytest.mark.parametrize(("asker", "approver"), OTHERS.values(), ids=OTHERS)
def test_somebody_else_approves_it_with_a_reason(asker, approver):
    asked = approvals.ask("plan", Author(asker), NOW)
    given = approvals.give(asked, Author(approver), "why", NOW + timedelta(hours=1))
    assert (given.approved_by, given.approved_at, given.reason) == (approver, NOW + timedelta(hours=1), "why")
    assert (given.asked_by, given.waits(NOW)) == (asker, False)


def test_it_waits_until_its_last_moment_and_no_longer():
    asked = approvals.ask("plan", Author(f"{USER}dana"), NOW)
    last = asked.expires_at - timedelta(microseconds=1)
    assert approvals.give(asked, Author(f"{USER}kim"), "why", last).approved_at == last
    with pytest.raises(Conflict, match="Ask for it again") as refused:
        approvals.give(asked, Author(f"{USER}kim"), "why", asked.expires_at)
    assert refused.value.code == "approval_expired"

"""Who had something done about paid capacity, and the request that did it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Did = Literal["asked", "bought", "renewed", "shortened", "swap_asked", "swapped", "released", "deleted", "approved"]

MOST_ACTS = 60
"""Of one purchase: it may be renewed for years, and its row must stay small."""
FIRST_ACTS = 2
"""Who asked for it and what bought it are never let go of."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who had it done, and by which request."""

    by: str
    """An IAM ARN, the stack's ARN for what a job on accept wished for, `expiry`, or `stack` for its own calls."""
    request_id: str | None = None
    """ControlApi's for what a person asked, Bedrock's for what we asked of it; None: no answer told one."""


EXPIRY = Author("expiry")
OURS = Author("stack")


def ours(request_id: str | None) -> Author:
    """The stack itself, by a call of Bedrock."""
    return replace(OURS, request_id=request_id)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done about a purchase."""

    time: datetime
    did: Did
    by: str
    request_id: str | None = None


def after(acts: tuple[Act, ...], did: Did, author: Author, now: datetime) -> tuple[Act, ...]:
    """The acts with one more; a long row lets go of those in the middle."""
    longer = (*acts, Act(now, did, author.by, author.request_id))
    return longer if len(longer) <= MOST_ACTS else (*longer[:FIRST_ACTS], *longer[FIRST_ACTS + 1 :])

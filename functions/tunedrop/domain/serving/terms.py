"""Terms of a commitment: Bedrock bills for all of one, and renews it at its end unless the throughput is deleted. Pure.

docs/facts.md#provisioned-throughput.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

Term = Literal["one_month", "six_months"]

HOURLY: Final = "hourly"
"""What the tag `tunedrop:term` says where there is no commitment."""
IN_BEDROCK: Mapping[Term, Literal["OneMonth", "SixMonths"]] = {"one_month": "OneMonth", "six_months": "SixMonths"}
LONGEST: Mapping[Term, timedelta] = {"one_month": timedelta(days=31), "six_months": timedelta(days=184)}
"""No page says how long a month is. Until Bedrock shows the end of a term, it is taken for the longest it can be."""
SETTLE = timedelta(hours=2)
"""When a purchase whose answer was lost, and which nothing lists, is sent again: a month of capacity can wait."""
BRAKE_AFTER = timedelta(minutes=1)
"""From the end of a term to the schedule that deletes: no page says how soon after it Bedrock has begun another."""


def of_bedrock(duration: str | None) -> Term | None:
    """The term as Bedrock calls it; None without a commitment, and for one that we do not know."""
    return next((term for term, name in IN_BEDROCK.items() if name == duration), None)


def hours(term: Term) -> int:
    """The most hours that it has."""
    return LONGEST[term] // timedelta(hours=1)


def ends_at(term: Term, began: datetime) -> datetime:
    """When it is over at the latest."""
    return began + LONGEST[term]


def price_of(what: str, term: Term | None) -> str:
    """What the price of an hour is called in `Prices`: each term has one of its own."""
    return f"{what}_{term}" if term else what


def words(term: Term) -> str:
    """In words."""
    return term.replace("_", " ")

"""How long training will take, going by earlier jobs of the same base model. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Estimate:
    """The time that training takes, if it goes as fast as the fastest and as slowly as the slowest earlier job."""

    shortest: timedelta
    longest: timedelta
    jobs: int
    """How many earlier jobs it goes by."""


def estimate(trained_tokens: int, earlier: Iterable[tuple[int, timedelta]]) -> Estimate | None:
    """The time for so many tokens by earlier jobs' tokens and times; None if there is none: it is never invented."""
    rates = [lasted / tokens for tokens, lasted in earlier if tokens and lasted > timedelta(0)]
    if not rates:
        return None
    return Estimate(min(rates) * trained_tokens, max(rates) * trained_tokens, len(rates))

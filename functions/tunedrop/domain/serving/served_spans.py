"""Which model the same capacity served until when, where another was put behind it in place. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MOST_SPANS = 100
"""Of one purchase, whose row must stay small; the time of what is let go of counts as the next model's."""


@dataclass(frozen=True, slots=True)
class ServedSpan:
    """A model that it served, from the end of the span before."""

    job_id: str
    dataset: str
    version: int
    until: datetime


def after(spans: tuple[ServedSpan, ...], span: ServedSpan) -> tuple[ServedSpan, ...]:
    """The spans with one more."""
    return (*spans, span)[-MOST_SPANS:]

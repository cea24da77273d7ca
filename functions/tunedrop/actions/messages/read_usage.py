"""Read what was used under API keys: days that are over from their rows, the current one from the keys'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.charges import cost_summary
from tunedrop.domain.charges.periods import Period
from tunedrop.domain.messages import key_usage
from tunedrop.domain.messages.key_usage import UsageBy, UsageGroup, UsageOfDay, Used
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import key_rows, key_windows, usage_rows
from tunedrop.errors import InvalidInput

MOST_ROWS = 5_000
"""In one answer: about 2 MB of JSON, where Lambda allows 6 MB (docs/facts.md#lambda)."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used on the days of a period, each day, key and deployment for itself; the sums; names of the keys."""

    period: Period
    rows: tuple[UsageOfDay, ...]
    total: Used
    groups: tuple[UsageGroup, ...]
    names: Mapping[str, str]


def summarize(
    since: datetime | None, until: datetime | None, by: UsageBy | None, key: str | None, cloud: Cloud
) -> Usage:
    """What was used on the days of UTC that a period touches. Raises InvalidInput `invalid_period`, `too_many_rows`."""
    period = cost_summary.period(since, until, cloud.now())
    first, last = f"{period.since:%Y-%m-%d}", f"{period.until - timedelta(microseconds=1):%Y-%m-%d}"
    found, names = between(first, last, cloud)
    rows = tuple(each for each in found if key is None or each.key_id == key)
    if len(rows) > MOST_ROWS:
        words = f"These are {len(rows):,} rows; one answer has at most {MOST_ROWS:,}. Ask for less time, or one key."
        raise InvalidInput("too_many_rows", words, field="from")
    total = sum((each.used for each in rows), Used())
    return Usage(period, rows, total, tuple(key_usage.grouped(rows, [by])) if by else (), names)


def between(first: str, last: str, cloud: Cloud) -> tuple[list[UsageOfDay], Mapping[str, str]]:
    """What was used from one day to another, as 2026-11-22, oldest first; and the names of keys that are listed.

    The keys are read first: what a day's end moves meanwhile is found in its new row, and there alone it counts.
    """
    found: dict[tuple[str, str], list[UsageOfDay]] = {}
    names: dict[str, str] = {}
    for row in key_rows.all_rows(cloud.access):
        names[row["key_id"]] = row["name"]
        day = key_windows.day_of(row)
        if day and first <= day <= last:
            found[day, row["key_id"]] = list(usage_rows.from_row(day, row["key_id"], row))
    over: dict[tuple[str, str], list[UsageOfDay]] = {}
    for each in usage_rows.between(cloud.access, first, last):
        over.setdefault((each.day, each.key_id), []).append(each)
    return [each for _, day in sorted({**found, **over}.items()) for each in day], names

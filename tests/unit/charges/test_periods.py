"""Months of UTC, and how much of an interval lies in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.charges import periods

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), (2026, 11), (2026, 12)),
        (datetime(2026, 12, 1, tzinfo=UTC), (2026, 12), (2027, 1)),
        (datetime(2028, 2, 29, tzinfo=UTC), (2028, 2), (2028, 3)),
        (datetime(2026, 12, 1, 1, tzinfo=timezone(timedelta(hours=2))), (2026, 11), (2026, 12)),
    ],
)
def test_a_month_is_one_of_utc(now, since, until):
    found = periods.month(now)
    assert (found.since, found.until) == (datetime(*since, 1, tzinfo=UTC), datetime(*until, 1, tzinfo=UTC))


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=200)))
def test_the_months_of_an_interval_add_up_to_it_exactly(began, length):
    month, total = periods.month(began), Decimal(0)
    while month.since < began + length:
        total += month.hours(began, began + length)
        month = periods.month_after(month)
    assert abs(total * 3_600_000_000 - length // timedelta(microseconds=1)) < Decimal("1e-6")


def test_storage_is_counted_by_the_parts_of_its_months():
    began = datetime(2026, 11, 16, tzinfo=UTC)
    assert periods.months(began, datetime(2026, 12, 1, tzinfo=UTC)) == Decimal("0.5")
    assert periods.months(began, datetime(2027, 2, 1, tzinfo=UTC)) == Decimal("2.5")
    assert periods.months(began, began) == 0

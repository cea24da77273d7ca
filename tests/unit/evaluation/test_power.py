"""How many records show how small a difference: figures worked out by hand, and that more records never show less."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import power


def test_its_quantiles_are_the_normal_ones():
    normal = NormalDist()
    assert pytest.approx(normal.inv_cdf(1 - power.ALPHA / 2), rel=1e-14) == power.Z_ALPHA
    assert pytest.approx(normal.inv_cdf(power.POWER), rel=1e-14) == power.Z_POWER


@pytest.mark.parametrize(("points", "records"), [(3, 870), (5, 312), (10, 77)])
def test_a_difference_needs_as_many_records_as_the_textbook_says(points, records):
    assert power.records_needed(points / 100) == records


def test_eighty_records_show_nothing_below_ten_points():
    assert power.smallest_difference(80) == 0.1
    assert power.smallest_difference(76) > 0.1


@pytest.mark.parametrize("records", [0, 1])
def test_hardly_any_records_show_nothing(records):
    assert power.smallest_difference(records) is None


@given(st.integers(2, 20_000), st.integers(0, 20_000))
def test_more_records_never_show_less(records, more):
    few, many = power.smallest_difference(records), power.smallest_difference(records + more)
    assert many is not None or few is None
    assert few is None or many <= few

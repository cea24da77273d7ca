"""Choosing few of many points: no peak and no gap is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.reports import downsampling

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=400)
MOST = st.integers(0, 120)


@given(VALUES, MOST)
def test_no_more_are_kept_than_asked_for_and_in_order(values, most):
    chosen = list(downsampling.kept(values, most))
    assert len(chosen) <= max(most, downsampling.LEAST)
    assert chosen == sorted(set(chosen))


@given(VALUES, MOST)
def test_the_ends_and_the_extremes_are_among_them(values, most):
    chosen = [values[index] for index in downsampling.kept(values, most)]
    known = [value for value in values if value is not None]
    if values:
        assert (chosen[0], chosen[-1]) == (values[0], values[-1])
    if known:
        assert {min(known), max(known)} <= set(chosen)


@given(VALUES, MOST)
def test_a_gap_stays_a_gap(values, most):
    chosen = [values[index] for index in downsampling.kept(values, most)]
    assert (None in chosen) == (None in values)


def test_few_points_are_all_kept():
    assert list(downsampling.kept([3.0, None, 1.0], 10)) == [0, 1, 2]

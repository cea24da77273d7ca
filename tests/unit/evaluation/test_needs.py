"""How many records would have been enough: by the textbook, by groups, and by trying it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.evaluation import bounded_means, contrasts, needs, power
from tunedrop.domain.evaluation.contrasts import Contrast, Pair

from tests.unit.reports.evaluations import pairs

MARGIN = 0.03


def measured(*counts: int, group: int = 1) -> Contrast:
    return contrasts.measure(pairs(*counts, group=group), binary=True)


def needed(contrast: Contrast, wish: str) -> dict[float, int]:
    return {need.size: need.records for need in needs.needs(contrast, MARGIN) if need.wish == wish}


def test_a_difference_needs_what_the_textbook_says_for_as_many_that_differ_as_were_seen():
    assert needed(measured(20, 20, 360), "difference") == {0.03: 870, 0.05: 312, 0.1: 77}


def test_what_was_seen_is_among_the_differences():
    assert list(needed(measured(24, 16, 160), "difference")) == [0.03, 0.04, 0.05, 0.1]


def test_scores_need_what_their_spread_asks_for():
    some = contrasts.measure(
        [Pair(0.5 + place % 2 / 5, 0.6, False, False, str(place)) for place in range(50)], binary=False
    )
    assert needed(some, "difference")[0.03] == bounded_means.records_needed(0.03, some.deviation)


def test_records_in_groups_need_more_of_them():
    alone, grouped = measured(40, 20, 140), measured(40, 20, 140, group=5)
    assert alone.effect == 1
    assert 3 < grouped.effect < 7
    assert contrasts.records_needed(measured(8, 4, 88), MARGIN) == 587
    assert contrasts.records_needed(measured(8, 4, 88, group=4), MARGIN) > 2 * 587
    assert needed(grouped, "equivalent")[MARGIN] > 3 * needed(alone, "equivalent")[MARGIN]


@pytest.mark.parametrize(("wish", "records"), [("not_worse", 687), ("equivalent", 952)])
def test_four_of_five_evaluations_of_equal_models_show_it_with_so_many_records(wish, records):
    assert needed(measured(20, 20, 360), wish) == {MARGIN: records}
    random, shown = Random(7), 0
    for _ in range(250):
        kinds = random.choices(("better", "worse", "alike"), (5, 5, 90), k=records)
        contrast = measured(*(kinds.count(kind) for kind in ("better", "worse", "alike")))
        shown += (
            contrasts.is_not_worse(contrast, MARGIN)
            if wish == "not_worse"
            else contrasts.verdict(contrast, MARGIN) == "equivalent"
        )
    assert 0.74 < shown / 250 < 0.86


@settings(max_examples=40)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 300))
def test_the_smallest_difference_shown_needs_no_more_records_and_a_smaller_one_does(better, worse, alike):
    contrast = measured(better, worse, alike)
    discordant = (better + worse) / contrast.records or power.DISCORDANT
    smallest = needs.smallest_shown(contrast)
    assert smallest is None or power.records_needed(smallest, discordant) <= contrast.records
    smaller = 0.995 if smallest is None else smallest - 0.005
    assert smaller <= 0 or power.records_needed(smaller, discordant) > contrast.records

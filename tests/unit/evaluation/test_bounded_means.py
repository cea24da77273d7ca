"""Bounds of a mean that hold although the worst scores were not seen; `make prove` holds them against simulation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import bounded_means, contrasts, power
from tunedrop.domain.evaluation.contrasts import Pair

DIFFERENCES = st.lists(st.floats(-1, 1), min_size=2, max_size=60)
LEVELS = st.sampled_from([0.95, 0.975])


def pairs(differences: list[float]) -> list[Pair]:
    return [Pair(max(each, 0.0), max(-each, 0.0), False, False, str(place)) for place, each in enumerate(differences)]


@pytest.mark.parametrize("records", [5, 40, 400])
@pytest.mark.parametrize("level", [0.95, 0.975])
def test_of_scores_that_are_all_alike_the_bound_is_the_known_one(records, level):
    """Then it is the share of losses that so many records without one still allow: the rule of three."""
    unseen = 1 - (1 - level) ** (1 / records)
    alike = bounded_means.lowest([0.5] * records, [1] * records, level)
    assert alike == pytest.approx(0.5 - 1.5 * unseen, abs=0.01 * unseen + 1e-6)


@given(DIFFERENCES, LEVELS)
def test_bounds_hold_the_mean_and_swap_with_the_candidates(differences, level):
    ones = [1] * len(differences)
    low, high = (bound(differences, ones, level) for bound in (bounded_means.lowest, bounded_means.highest))
    assert -1 - 1e-6 <= low <= sum(differences) / len(differences) + 1e-6
    assert low <= high
    assert bounded_means.highest([-each for each in differences], ones, level) == -low


@given(DIFFERENCES, st.floats(-0.5, 0.5))
def test_the_p_falls_with_the_mean_that_is_tested(differences, mean):
    ones = [1] * len(differences)
    here, lower = (bounded_means.p_not_above(differences, ones, each) for each in (mean, mean - 0.2))
    assert 0 <= lower <= here + 1e-3
    assert here <= 1


def test_groups_tell_as_much_as_so_many_records():
    alone = bounded_means.lowest([0.1] * 20, [1] * 20, 0.975)
    assert bounded_means.lowest([0.5] * 20, [5] * 20, 0.975) == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize(
    ("records", "verdict"), [(40, "insufficient_evidence"), (100, "insufficient_evidence"), (400, "better")]
)
def test_small_gains_everywhere_are_better_only_once_rare_losses_would_have_shown(records, verdict):
    """Of 40 such records, two of a hundred that lose .9 are not there in every other evaluation."""
    gains = [0.015 + 0.005 * (place % 3) for place in range(records)]
    contrast = contrasts.measure(pairs(gains), binary=False)
    assert contrasts.verdict(contrast, 0.03) == verdict
    losses = contrasts.measure(pairs([-each for each in gains]), binary=False)
    assert contrasts.verdict(losses, 0.03) == {"better": "worse"}.get(verdict, verdict)


@pytest.mark.parametrize(("records", "holds"), [(40, False), (60, False), (400, True)])
def test_hardly_any_difference_is_not_worse_only_once_rare_losses_would_have_shown(records, holds):
    noise = [0.01 * (-1) ** place for place in range(records)]
    contrast = contrasts.measure(pairs(noise), binary=False)
    assert contrast.reliable
    assert contrasts.is_not_worse(contrast, 0.03) is holds
    assert contrasts.verdict(contrast, 0.03) == ("equivalent" if holds else "insufficient_evidence")


@pytest.mark.parametrize("deviation", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("size", [0.03, 0.1])
def test_as_many_records_as_are_asked_for_show_the_difference(size, deviation):
    needed = bounded_means.records_needed(size, deviation)
    assert needed >= ((power.Z_ALPHA + power.Z_POWER) * deviation / size) ** 2, "as many as Student's interval needs"
    steady = contrasts.measure(pairs([size] * needed), binary=False)
    assert contrasts.verdict(steady, 0.01) == "better"
    if not deviation:
        fewer = contrasts.measure(pairs([size] * (needed - 4)), binary=False)
        assert contrasts.verdict(fewer, 0.01) != "better"


def test_hardly_any_size_needs_more_records_than_anybody_has():
    assert bounded_means.records_needed(5e-324, 0.0) > 1_000_000

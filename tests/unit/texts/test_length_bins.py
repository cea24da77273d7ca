"""Bins of record lengths: few, round, and no record lost."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as some
from tunedrop.domain.reports import histogram
from tunedrop.domain.texts import length_bins


@given(some.dictionaries(some.integers(0, 40_000), some.integers(1, 10_000), min_size=1))
def test_every_record_stands_in_one_bin_and_bins_join_without_gaps(counts):
    made = length_bins.bins(Counter(counts))
    assert 1 <= len(made) <= length_bins.MOST_BINS
    assert made[0].least <= min(counts)
    assert made[0].records > 0
    assert all(before.most + 1 == bin_.least for before, bin_ in itertools.pairwise(made))
    assert made[-1].most >= max(counts)
    for bin_ in made:
        assert bin_.records == sum(count for length, count in counts.items() if bin_.least <= length <= bin_.most)


def test_one_very_long_record_does_not_flatten_the_others():
    made = length_bins.bins(Counter({**dict.fromkeys(range(10, 200), 5), 31_000: 1}))
    assert len([bin_ for bin_ in made if bin_.records]) > 10
    assert made[-1].records == 1


def test_no_records_have_no_bins():
    assert length_bins.bins(Counter()) == ()


@given(some.lists(some.integers(0, 10**7), min_size=1, max_size=24).filter(any))
def test_every_bar_stands_inside_the_picture(counts):
    bins = [{"from": 10 * index, "to": 10 * index + 9, "records": count} for index, count in enumerate(counts)]
    drawn = histogram.render(bins)
    assert drawn.count("<rect") == len(counts)
    assert "-0." not in drawn
    assert 'height="-' not in drawn

"""The estimate of tokens: AWS's own rule for ASCII, more for other scripts, and honest summaries."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.data import tokens


@pytest.mark.parametrize(
    ("text", "estimated"),
    [("", 0), ("a", 1), ("abc", 1), ("abcd", 2), ("a" * 96_000, 32_000), ("é", 1), ("日本", 3), ("😀", 2)],
)
def test_estimates(text, estimated):
    assert tokens.estimate([text]) == estimated


def test_a_chinese_text_counts_more_than_its_characters():
    """0.93 tokens for each character were measured (peers 4)."""
    assert tokens.estimate(["语" * 1_000]) >= 930


@given(st.lists(st.text(), max_size=5))
def test_more_text_never_means_fewer_tokens(texts):
    assert tokens.estimate(texts) <= tokens.estimate([*texts, "more"])
    assert tokens.estimate(texts) <= sum(len(text.encode()) for text in texts)


def test_no_records_have_no_tokens():
    assert tokens.summarise(Counter()) == tokens.TokenCounts()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200))
def test_the_summary_is_that_of_the_sorted_list(estimates):
    ordered, count = sorted(estimates), len(estimates)
    found = tokens.summarise(Counter(estimates))
    assert (found.total, found.max) == (sum(estimates), ordered[-1])
    assert found.p50 == ordered[-(-count * 50 // 100) - 1]
    assert found.p95 == ordered[-(-count * 95 // 100) - 1]

"""The estimate of tokens: AWS's own rule for ASCII, more for other scripts, and honest summaries."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.texts import tokens


@pytest.mark.parametrize(
    ("text", "estimated"),
    [("", 0), ("a", 1), ("abc", 1), ("abcd", 2), ("a" * 96_000, 32_000), ("é", 3), ("日本", 3), ("😀", 3), ("да", 2)],
)
def test_estimates(text, estimated):
    assert tokens.estimate([text]) == estimated


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。", 49),
        ("Все люди рождаются свободными и равными в своем достоинстве и правах.", 40),
        ("يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.", 45),
        ("Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.", 39),
        ("All human beings are born free and equal in dignity and rights.", 13),
    ],
)
def test_the_estimate_lies_above_what_a_tokenizer_counts_and_not_far(text, measured):
    """Measured once with a public tokenizer of the Claude 2 era; English is the script where AWS's rule is far off."""
    estimated = tokens.estimate([text])
    assert measured <= estimated * (1 + tokens.MARGIN)
    assert estimated <= measured * (2 if text.isascii() else 1.5)


def test_a_chinese_text_has_about_a_token_for_each_character():
    """A tokenizer of the Claude 2 era counted 0.93 tokens for each character."""
    assert 930 <= tokens.estimate(["语" * 1_000]) <= 1_300


@given(st.lists(st.text(), max_size=5))
def test_more_text_never_means_fewer_tokens(texts):
    assert tokens.estimate(texts) <= tokens.estimate([*texts, "more"])


@given(st.text(max_size=60))
def test_no_text_has_more_tokens_than_its_bytes_and_characters_allow(text):
    estimated = tokens.estimate([text])
    assert estimated <= tokens.MOST_PER_BYTE * len(text.encode()) + 1
    assert estimated <= tokens.MOST_PER_CHARACTER * len(text) + 1


def test_no_records_have_no_tokens():
    assert tokens.summarise(Counter()) == tokens.TokenCounts()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200))
def test_the_summary_is_that_of_the_sorted_list(estimates):
    ordered, count = sorted(estimates), len(estimates)
    found = tokens.summarise(Counter(estimates))
    assert (found.total, found.max) == (sum(estimates), ordered[-1])
    assert found.p50 == ordered[-(-count * 50 // 100) - 1]
    assert found.p95 == ordered[-(-count * 95 // 100) - 1]


@given(st.lists(st.text(max_size=30), max_size=3), st.booleans())
def test_the_bound_of_a_line_is_never_below_the_estimate_of_its_texts(texts, ascii_only):
    line = json.dumps(texts, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert tokens.at_most(line) >= tokens.estimate(texts)

"""API keys as text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.messages import api_key
from tunedrop.domain.messages.api_key import ApiKey

KEY_ID = "01jd3k5m7n9p1q3r5s7t9v1w3x"
SECRET = api_key.mint(KEY_ID, bytes(range(24)))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
entropies = st.binary(min_size=24, max_size=24)


@given(entropies)
def test_a_key_is_found_by_the_expression_that_scanners_are_given(entropy):
    secret = api_key.mint(KEY_ID, entropy)
    assert re.fullmatch(r"td_[0-9a-z]{26}_[0-9A-Za-z]{39}", secret)
    assert api_key.looks_right(secret)
    assert secret.startswith(f"td_{KEY_ID}_")


@given(st.data())
def test_one_wrong_character_is_seen_without_a_table(data):
    place = data.draw(st.integers(3, len(SECRET) - 1))
    character = data.draw(st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
    typed = SECRET[:place] + character + SECRET[place + 1 :]
    assert api_key.looks_right(typed) == (typed == SECRET)


@given(st.text())
def test_any_other_text_is_not_a_key(text):
    assert not api_key.looks_right(text)
    assert not api_key.looks_right(SECRET + text if text else text)


@given(entropies, entropies)
def test_different_entropy_makes_different_keys(one, other):
    assert (api_key.mint(KEY_ID, one) == api_key.mint(KEY_ID, other)) == (one == other)


def test_too_little_entropy_is_refused():
    with pytest.raises(ValueError, match="24 bytes"):
        api_key.mint(KEY_ID, b"short")


def test_a_key_works_until_it_expires_or_is_revoked():
    key = ApiKey(KEY_ID, "n", None, api_key.digest(SECRET), NOW, "arn", expires_at=NOW + timedelta(seconds=1))
    assert key.works(NOW)
    assert not key.works(NOW + timedelta(seconds=1))
    assert not replace(key, revoked_at=NOW).works(NOW)

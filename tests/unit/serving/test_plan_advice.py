"""What a plan says beside its cost: break-even within honest bounds, and nothing where a price is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.serving import plan_advice
from tunedrop.domain.serving.plan_advice import BreakEven

NOVA, HAIKU = catalogue.find("nova-lite"), catalogue.find("claude-3-haiku")
PRICES = {"nova-lite.input_per_1000_tokens": 0.00006, "nova-lite.output_per_1000_tokens": 0.00024}


def test_the_break_even_lies_between_all_tokens_as_output_and_all_as_input():
    assert plan_advice.break_even(480.0, NOVA, PRICES, 1000.0) == BreakEven(1000, 2_000_000, 8_000_000)


@pytest.mark.parametrize("missing", sorted(PRICES))
def test_without_a_price_there_is_none(missing):
    known = {name: price for name, price in PRICES.items() if name != missing}
    assert plan_advice.break_even(480.0, NOVA, known, 1000.0) is None
    assert plan_advice.break_even(None, NOVA, PRICES, 1000.0) is None
    assert plan_advice.break_even(480.0, NOVA, PRICES, None) is None


def test_what_is_never_served_on_demand_has_none():
    prices = {f"claude-3-haiku.{each}_per_1000_tokens": 0.001 for each in ("input", "output")}
    assert plan_advice.break_even(480.0, HAIKU, prices, 1000.0) is None


@given(st.floats(0.01, 1e5), st.floats(1e-7, 1), st.floats(1e-7, 1), st.floats(1, 1e5), st.floats(0, 1))
def test_at_any_share_of_output_the_true_break_even_is_within_the_bounds(day, input_price, output_price, tokens, share):
    prices = {"nova-lite.input_per_1000_tokens": input_price, "nova-lite.output_per_1000_tokens": output_price}
    found = plan_advice.break_even(day, NOVA, prices, tokens)
    true = day / (tokens / 1000 * (share * output_price + (1 - share) * input_price))
    assert found.least <= true * (1 + 1e-9) + 1
    assert true <= found.most * (1 + 1e-9)


def test_idle_minutes_are_proposed_unless_they_are_asked_for():
    assert any("idle_minutes" in words for words in plan_advice.advice(HAIKU, None, None))
    assert not any("idle_minutes" in words for words in plan_advice.advice(HAIKU, 30, None))
    assert "Support" in plan_advice.advice(HAIKU, 30, None)[0]

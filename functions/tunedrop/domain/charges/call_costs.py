"""What a call to a deployment costs, by the stack's own prices. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from tunedrop.domain.base_models.catalogue import Serving

TokenWay = Literal["input", "output"]


def price_name(base_model: str, way: TokenWay) -> str:
    """The key of `Prices`."""
    return f"{base_model}.{way}_per_1000_tokens"


def of_call(
    serving: Serving, base_model: str, prices: Mapping[str, float], input_tokens: int, output_tokens: int
) -> Decimal | None:
    """In the stack's currency; 0 for Provisioned Throughput, which bills by the hour. None: a price is missing."""
    if serving != "on_demand":
        return Decimal(0)
    ways: tuple[tuple[TokenWay, int], ...] = (("input", input_tokens), ("output", output_tokens))
    amount = Decimal(0)
    for way, tokens in ways:
        price = prices.get(price_name(base_model, way))
        if price is None:
            return None
        amount += Decimal(str(price)) * tokens / 1000
    return amount

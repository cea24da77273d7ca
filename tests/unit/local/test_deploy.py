"""What a deployment into the embedded cloud says of a parameter that CloudFormation refuses."""

from __future__ import annotations

import json
from pathlib import Path

from tunedrop_local import template
from tunedrop_local.deploy import wrong_members

DECLARED = template.load(Path(__file__).parents[3] / "template.yaml")["Parameters"]


def test_a_price_of_an_unknown_name_and_one_that_is_no_plain_number_are_named():
    prices = {
        "nova-lite.training_per_1000_tokens": 0.002,
        "nova-light.training_per_1000_tokens": 0.002,
        "custom_model_month": "1.95",
    }
    said = list(wrong_members(DECLARED, {"Prices": json.dumps(prices), "Currency": "USD"}))
    assert said == [
        "Prices can't have 'nova-light.training_per_1000_tokens': 0.002.",
        "Prices can't have 'custom_model_month': '1.95'.",
    ]


def test_a_price_is_judged_as_it_is_written():
    right = '"nova-lite.input_per_1000_tokens": 0.00006, "nova-lite.model_unit_hour": 100000000000000000000.0'
    for wrong in ("6e-05", "1E2", "-1"):
        value = f'{{{right}, "nova-lite.output_per_1000_tokens": {wrong}}}'
        said = list(wrong_members(DECLARED, {"Prices": value}))
        assert said == [f"Prices can't have 'nova-lite.output_per_1000_tokens': {wrong}."]


def test_nothing_is_said_of_what_is_allowed_or_is_no_object():
    for value in ('{"custom_model_month": 1.95}', "{}", "cheap", "[1]", "2"):
        assert list(wrong_members(DECLARED, {"Prices": value, "NoSuch": "x"})) == []

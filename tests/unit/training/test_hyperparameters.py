"""Hyperparameters of a request against what the base model takes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training import hyperparameters
from tunedrop.errors import InvalidInput

HAIKU = catalogue.find("claude-3-haiku")
NOVA = catalogue.find("nova-lite")


@pytest.mark.parametrize("base_model", catalogue.catalogue().values(), ids=lambda model: model.name)
def test_every_default_is_filled_in_as_plain_text_within_its_range(base_model):
    resolved = hyperparameters.resolve(base_model, {})
    sent = [known for known in base_model.hyperparameters if known.sent_by_default]
    assert list(resolved) == [known.name for known in sent]
    for known in sent:
        assert known.minimum <= Decimal(resolved[known.name]) <= known.maximum
        assert "e" not in resolved[known.name].lower()


@pytest.mark.parametrize(
    ("base_model", "name", "given_", "sent"),
    [
        (HAIKU, "epochCount", 5, "5"),
        (HAIKU, "epochCount", "5", "5"),
        (HAIKU, "learningRateMultiplier", 0.1, "0.1"),
        (HAIKU, "learningRateMultiplier", 2, "2"),
        (HAIKU, "learningRateMultiplier", "1.50", "1.5"),
        (HAIKU, "earlyStoppingThreshold", "0", "0"),
        (HAIKU, "earlyStoppingThreshold", 0.0, "0"),
        (HAIKU, "batchSize", 100, "100"),
        (NOVA, "learningRate", 1e-05, "0.00001"),
        (NOVA, "learningRate", "0.000001", "0.000001"),
    ],
)
def test_numbers_and_plain_texts_of_numbers_become_the_strings_that_bedrock_takes(base_model, name, given_, sent):
    assert hyperparameters.resolve(base_model, {name: given_})[name] == sent


@pytest.mark.parametrize(
    "given_",
    [
        True,
        False,
        None,
        [],
        {},
        [2],
        "",
        " 2",
        "2 ",
        "two",
        "1e1",
        "0x2",
        "+2",
        "02",
        "2.0",
        "1_0",
        "NaN",
        "\uff12",
        "\u0662",
        2.0,
        1.5,
        float("nan"),
        float("inf"),
        "9" * 5_000,
    ],
    ids=repr,
)
def test_what_is_no_whole_number_is_refused_with_the_range_and_the_default(given_):
    with pytest.raises(InvalidInput) as refusal:
        hyperparameters.resolve(HAIKU, {"epochCount": given_})
    assert refusal.value.code == "hyperparameter_type"
    assert "1 to 10" in refusal.value.message
    assert "default 2" in refusal.value.message
    assert refusal.value.details["field"] == "hyperparameters.epochCount"
    assert len(refusal.value.message) < 300


@pytest.mark.parametrize("given_", [True, "1e-1", ".5", "1.", float("nan"), float("-inf"), "Infinity", "0.5\n"])
def test_what_is_no_plain_number_is_refused(given_):
    with pytest.raises(InvalidInput) as refusal:
        hyperparameters.resolve(HAIKU, {"learningRateMultiplier": given_})
    assert refusal.value.code == "hyperparameter_type"


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("learningRateMultiplier", "0.05"),
        ("learningRateMultiplier", 2.01),
        ("learningRateMultiplier", 0.0999999),
        ("epochCount", 0),
        ("epochCount", 11),
        ("epochCount", -1),
        ("epochCount", 2**53 + 1),
        ("epochCount", 10**400),
        ("batchSize", 3),
        ("batchSize", 257),
        ("earlyStoppingThreshold", "-0.001"),
        ("learningRateMultiplier", 1e300),
    ],
)
def test_values_outside_the_range_are_refused_with_the_range(name, given_):
    with pytest.raises(InvalidInput) as refusal:
        hyperparameters.resolve(HAIKU, {name: given_})
    assert refusal.value.code == "hyperparameter_out_of_range"
    known = next(known for known in HAIKU.hyperparameters if known.name == name)
    assert f"{known.minimum} to {known.maximum}" in refusal.value.message
    assert len(refusal.value.message) < 300


def test_what_bedrock_may_not_know_is_sent_only_where_somebody_names_it():
    assert "batchSize" not in hyperparameters.resolve(NOVA, {})
    assert hyperparameters.resolve(NOVA, {"batchSize": 8})["batchSize"] == "8"


def test_an_unknown_name_is_refused_with_the_names_that_exist():
    with pytest.raises(InvalidInput) as refusal:
        hyperparameters.resolve(NOVA, {"learningRateMultiplier": 1})
    assert refusal.value.code == "unknown_hyperparameter"
    assert refusal.value.details["allowed"] == ["epochCount", "batchSize", "learningRate", "learningRateWarmupSteps"]


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3)


@given(st.dictionaries(st.sampled_from(["epochCount", "learningRateMultiplier", "x"]), _JSON, max_size=2))
def test_anything_that_json_can_say_is_resolved_or_precisely_refused(values):
    refusal: InvalidInput | None = None
    try:
        resolved = hyperparameters.resolve(HAIKU, values)
    except InvalidInput as raised:
        refusal, resolved = raised, {}
    assert all(isinstance(value, str) for value in resolved.values())
    if refusal:
        assert refusal.details["field"].startswith("hyperparameters.")
        json.dumps(dict(refusal.details))


@given(st.decimals(min_value="0.1", max_value=2, places=6))
def test_every_number_in_range_keeps_its_value(value):
    text = hyperparameters.resolve(HAIKU, {"learningRateMultiplier": f"{value:f}"})["learningRateMultiplier"]
    assert Decimal(text) == value

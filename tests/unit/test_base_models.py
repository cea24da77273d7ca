"""The catalogue against the simulated service, which was written from the same facts by other hands."""

from __future__ import annotations

import pytest
from bedrock_simulator import foundation_models
from tunedrop.domain.base_models import catalogue

MODELS = catalogue.catalogue()
SERVED = {"on_demand": "on_demand", "provisioned_throughput": "provisioned"}
FORMATS = {"converse": "conversation", "messages": "messages", "prompt_completion": "prompt_completion"}

each = pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)


def simulated(model):
    found = foundation_models.find(model.customization_id)
    assert found is not None
    return found


def test_the_base_models_are_those_that_were_promised():
    assert list(MODELS) == [
        "claude-3-haiku", "nova-micro", "nova-lite", "nova-pro", "nova-2-lite",
        "llama-3-1-8b", "llama-3-1-70b", "llama-3-3-70b",
    ]  # fmt: skip
    assert {model.customization_id for model in MODELS.values()} == {
        each.customization_id for each in foundation_models.catalogue() if each.customization_regions
    }


@each
def test_a_base_model_is_trained_and_served_where_the_service_says(model):
    found = simulated(model)
    assert found.id == model.inference_id
    assert found.customization_regions == model.regions
    assert found.serving == tuple(SERVED[way] for way in model.serving)
    assert ("provisioned_throughput" in model.serving) == bool(found.provisioned_regions)


@each
def test_a_base_model_is_invoked_by_its_own_id_or_by_a_profile_where_that_is_refused(model):
    found = simulated(model)
    for region in model.regions:
        assert (model.inference_profile is None) == (region in found.on_demand_regions)
        invoked = foundation_models.find_for_inference(model.inference_profile or model.inference_id, region)
        assert (invoked.model, bool(invoked.profile)) == (found, model.inference_profile is not None)


@each
def test_what_a_base_model_learns_from_is_what_the_service_reads(model):
    family, limits = simulated(model).family, model.limits
    assert family.format == FORMATS[model.record_format]
    assert family.takes_validation == model.validation
    assert family.tokens_per_record == limits.record_tokens
    assert (limits.total_records.minimum, limits.total_records.maximum) == (
        family.minimum_records,
        family.maximum_records,
    )
    if not family.minimum_counts_both:
        assert limits.train_records.minimum == family.minimum_records
    assert set(family.reserved) == {word for rule in model.reserved for word in rule.words}


@each
def test_hyperparameters_have_the_ranges_and_defaults_that_the_service_takes(model):
    ours = {
        known.name: (known.type == "integer", float(known.minimum), float(known.maximum), float(known.default))
        for known in model.hyperparameters
    }
    assert ours == {
        name: (taken.type == "integer", taken.minimum, taken.maximum, taken.default)
        for name, taken in simulated(model).family.hyperparameters.items()
    }


NOVAS = [model for model in MODELS.values() if model.name.startswith("nova-")]


@pytest.mark.parametrize("model", NOVAS, ids=lambda model: model.name)
def test_each_of_novas_words_is_looked_for_in_every_text_by_one_check_or_the_other(model):
    places = {"system", "user", "assistant", *({"reasoning"} if model.carries else ())}
    refused = [(word, where) for rule in model.reserved for word in rule.words for where in rule.where]
    assert sorted(refused) == sorted((word, where) for word in simulated(model).family.reserved for where in places)


@each
def test_every_hyperparameter_that_bedrocks_own_page_lacks_is_sent_only_where_somebody_names_it(model):
    held_back = {known.name for known in model.hyperparameters if not known.sent_by_default}
    assert held_back == ({"batchSize"} if model in NOVAS else set())

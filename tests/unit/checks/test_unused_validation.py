"""A base model whose training has no use for a validation split: it is checked, told of, and never counted."""

from __future__ import annotations

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import examples
from tunedrop.domain.training import job_request

from tests.unit.checks.splits import run

NOVA_2 = "nova-2-lite"


@pytest.mark.parametrize("count", [1, 7, 20_001])
def test_any_number_of_records_may_stand_in_a_split_that_is_never_sent(count):
    result, written = run(examples.good(count)(), NOVA_2, train=examples.good(200, 50_000)())
    assert (result.accepted, set(result.counts)) == (True, {"validation_not_used"})
    assert written.count(b"\n") == count


def test_records_that_are_never_sent_do_not_count_together_with_train():
    train = examples.good(20_000, 50_000)()
    assert run(examples.good(1)(), NOVA_2, train=train)[0].accepted
    assert set(run(examples.good(1)(), "nova-lite", train=train)[0].counts) == {"too_few_records"}
    assert set(run(examples.good(8)(), "nova-lite", train=train)[0].counts) == {"too_many_records_together"}


def test_what_is_wrong_in_it_is_wrong_all_the_same():
    result, _ = run(examples.good(30)() + b"{\n", NOVA_2, train=examples.good(200, 50_000)())
    assert not result.accepted


@pytest.mark.parametrize("base_model", catalogue.catalogue().values(), ids=lambda model: model.name)
def test_a_job_passes_a_validation_split_only_where_the_base_model_takes_one(base_model):
    request = job_request.create_job(
        base_model=base_model,
        name="name",
        token="token",
        role_arn="role",
        key_arn=None,
        bucket="data",
        train_key="prepared/x/1/m/train.jsonl",
        validation_key="prepared/x/1/m/validation.jsonl",
        output_prefix="outputs/x/1",
        hyperparameters={},
        tags={},
        base_model_arn=None,
        vpc=None,
    )
    assert ("validationDataConfig" in request) == (base_model.name != NOVA_2)

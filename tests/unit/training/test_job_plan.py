"""What a job would train and cost, and when it must be confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training import hyperparameters, job_plan
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.domain.versions.versioning import Output
from tunedrop.errors import Conflict

HAIKU = catalogue.find("claude-3-haiku")


@dataclass(frozen=True)
class Prepared:
    name: str = "support"
    version: int = 3
    train: Output = field(default_factory=lambda: Output("prepared/train.jsonl", "v1", 1_000, "aa", 1_000))
    validation: Output | None = None
    tokens_per_epoch: int = 250_000
    owner: str | None = None


def _plan(prepared=None, given=None, wish=None, prices=None):
    values = hyperparameters.resolve(HAIKU, given or {})
    return job_plan.make(prepared or Prepared(), HAIKU, values, wish, prices=prices or {}, currency="EUR")


def test_tokens_are_those_of_an_epoch_times_the_epochs_and_steps_round_up():
    made = _plan(given={"epochCount": 3, "batchSize": 64})
    assert (made.trained_tokens, made.steps) == (750_000, 3 * 16)


def test_an_unknown_price_is_unknown_and_not_nothing():
    assert _plan().cost == {"amount": None, "currency": None, "price_per_1000_tokens": None}
    priced = _plan(prices={"claude-3-haiku.training_per_1000_tokens": 0.01})
    assert priced.cost == {"amount": 5.0, "currency": "EUR", "price_per_1000_tokens": 0.01}


def test_the_same_plan_has_the_same_id_and_every_difference_another():
    other_data = replace(Prepared(), train=replace(Prepared().train, sha256="bb"))
    wish = DeploymentWish("prod", "provisioned_throughput", 1, 8)
    plans = [
        _plan(),
        _plan(given={"epochCount": 3}),
        _plan(other_data),
        _plan(wish=wish),
        _plan(wish=replace(wish, hours=9)),
        _plan(prices={"claude-3-haiku.training_per_1000_tokens": 0.01}),
    ]
    assert len({made.plan_id for made in plans}) == len(plans)
    assert _plan().plan_id == plans[0].plan_id


def test_a_plan_over_the_cap_goes_on_only_with_its_own_id():
    made = _plan()
    job_plan.confirm(made, None, 500_000)
    job_plan.confirm(made, made.plan_id, 499_999)
    with pytest.raises(Conflict) as refusal:
        job_plan.confirm(made, None, 499_999)
    assert refusal.value.code == "plan_confirmation_required"
    assert refusal.value.details["plan"] == made.to_dict()
    with pytest.raises(Conflict) as refusal:
        job_plan.confirm(made, "f" * 32, 10**9)
    assert refusal.value.code == "plan_changed"

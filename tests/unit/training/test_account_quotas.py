"""Which quota of the account forbids a job or its deployment: told by names, as AWS writes them in several ways."""

from __future__ import annotations

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training import account_quotas
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.errors import CapExceeded

PROVISIONED = DeploymentWish("prod", "provisioned_throughput", 2, 8)
ON_DEMAND = DeploymentWish("prod", "on_demand", 0, None)
ACROSS = "Model units no-commitment Provisioned Throughputs across custom models"
OF_MODEL = "Model units per provisioned model for "


def quota(name: str, value: float = 0, *, adjustable: bool = True) -> Quota:
    return Quota("L-1", name, value, adjustable)


def refused(base_model: str, wish: DeploymentWish | None, *listed: Quota) -> str | None:
    try:
        account_quotas.check(listed, catalogue.find(base_model), wish)
    except CapExceeded as refusal:
        return str(refusal.details["quota_name"])
    return None


@pytest.mark.parametrize(("value", "enough"), [(0, False), (1, False), (2, True)])
def test_model_units_must_be_as_many_as_the_deployment_needs(value, enough):
    assert (refused("claude-3-haiku", PROVISIONED, quota(ACROSS, value)) is None) is enough


def test_a_quota_that_is_not_listed_forbids_nothing():
    assert refused("claude-3-haiku", PROVISIONED) is None
    assert refused("nova-lite", ON_DEMAND, quota("Custom models per account", 1)) is None


@pytest.mark.parametrize("name", ["Custom models per account", "Scheduled customization jobs"])
def test_what_every_job_needs_is_checked_without_a_deployment_too(name):
    assert refused("nova-lite", None, quota(name)) == name
    assert refused("nova-lite", None, quota(name, 1)) is None


@pytest.mark.parametrize("name", ["Total custom model deployments", "In-progress custom model deployments"])
def test_an_on_demand_deployment_needs_its_quotas_and_no_model_units(name):
    assert refused("nova-lite", ON_DEMAND, quota(ACROSS), quota(name)) == name
    assert refused("nova-lite", PROVISIONED, quota(ACROSS, 2), quota(name)) is None


@pytest.mark.parametrize(
    ("base_model", "name"),
    [
        ("claude-3-haiku", "Anthropic Claude 3 Haiku 200K"),
        ("claude-3-haiku", "Anthropic Claude 3 Haiku"),
        ("nova-micro", "the 128k context length variant for Amazon Nova Micro"),
        ("nova-lite", "Amazon Nova Lite V1.0 300K"),
        ("nova-2-lite", "Amazon Nova 2 Lite V1.0 256K"),
        ("llama-3-1-8b", "Meta Llama 3.1 8B Instruct"),
    ],
)
def test_a_base_models_own_model_units_are_found_however_the_name_is_written(base_model, name):
    assert refused(base_model, PROVISIONED, quota(ACROSS, 2), quota(OF_MODEL + name)) == OF_MODEL + name
    others = [each for each in catalogue.catalogue() if each != base_model]
    assert [each for each in others if refused(each, PROVISIONED, quota(OF_MODEL + name))] == []


def test_the_quota_of_another_context_length_forbids_nothing():
    short, own = quota(OF_MODEL + "Anthropic Claude 3 Haiku 48K"), quota(OF_MODEL + "Anthropic Claude 3 Haiku 200K", 2)
    assert refused("claude-3-haiku", PROVISIONED, short, own) is None
    assert refused("claude-3-haiku", PROVISIONED, short) is None


@pytest.mark.parametrize(
    ("short", "remedy"),
    [
        (quota(ACROSS), "Only AWS Support"),
        (quota("Custom models per account"), "in Service Quotas"),
        (quota("Scheduled customization jobs", adjustable=False), "AWS does not raise it"),
    ],
)
def test_a_refusal_names_the_quota_its_value_and_where_more_is_to_be_had(short, remedy):
    with pytest.raises(CapExceeded) as refusal:
        account_quotas.check([short], catalogue.find("claude-3-haiku"), PROVISIONED)
    assert refusal.value.code == "account_quota"
    assert f'"{short.name}" (L-1) is 0' in refusal.value.message
    assert remedy in refusal.value.message

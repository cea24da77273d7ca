"""The account's quotas that a job and its deployment need, told by their names: most codes are not published. Pure.

The names are those of Service Quotas (docs/facts.md#quotas). A quota that is not listed is unknown: Bedrock decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.errors import CapExceeded

CUSTOM_MODELS = "custom models per account"
JOBS = "scheduled customization jobs"
_MODEL_UNITS = "model units no-commitment provisioned throughputs across custom models"
_MODEL_UNITS_OF = "model units per provisioned model for "
_DEPLOYMENTS = ("total custom model deployments", "in-progress custom model deployments")

# Words that some names have and others lack: one is "Anthropic Claude 3 Haiku 200K", another "the 128k context length
# variant for Amazon Nova Micro".
_FILLING = frozenset(
    {"the", "context", "length", "variant", "for", "instruct", "amazon", "anthropic", "meta", "v1", "v1.0"}
)


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota of the account in this Region, as Service Quotas lists it."""

    code: str
    name: str
    value: float
    adjustable: bool
    """Whether Service Quotas takes requests for more."""

    @property
    def remedy(self) -> str:
        """What a person can do for more."""
        if self.name.lower().startswith("model units"):
            return "Only AWS Support raises it: open a case for Amazon Bedrock that names the quota and this Region."
        if self.adjustable:
            return "Ask for more in Service Quotas, Amazon Bedrock, in this Region."
        return "AWS does not raise it."


def named(listed: Iterable[Quota], *names: str) -> tuple[Quota, ...]:
    """Those of the listed quotas with these names, in lower case."""
    return tuple(quota for quota in listed if quota.name.lower() in names)


def behind(listed: Iterable[Quota], base_model: BaseModel, wish: DeploymentWish | None) -> tuple[Quota, ...]:
    """Those of the listed quotas that the job and its deployment need."""
    quotas = tuple(listed)
    return (*named(quotas, CUSTOM_MODELS, JOBS), *(_of_serving(quotas, base_model, wish) if wish else ()))


def check(listed: Iterable[Quota], base_model: BaseModel, wish: DeploymentWish | None) -> None:
    """Raises CapExceeded `account_quota` if a quota forbids the job, or leaves its model with nothing to serve it."""
    for quota in behind(listed, base_model, wish):
        if quota.name.lower() in {CUSTOM_MODELS, JOBS}:
            _check(quota, 1, "the job", "base_model")
        else:
            _check(quota, (wish and wish.model_units) or 1, "the deployment", "deployment")


def check_serving(
    listed: Iterable[Quota], base_model: BaseModel, wish: DeploymentWish, *, beside: int = 0, term: str | None = None
) -> tuple[Quota, ...]:
    """The quotas that a deployment of a model that exists needs. Raises CapExceeded `account_quota`.

    `beside`: model units that it has already, and keeps meanwhile. `term`: of its commitment, which has model units of
    its own, under a name that no page tells.
    """
    needed = _of_serving(tuple(listed), base_model, wish)
    found = tuple(quota for quota in needed if term is None or quota.name.lower() != _MODEL_UNITS)
    for quota in found:
        also = beside if quota.name.lower() == _MODEL_UNITS else 0
        _check(quota, (wish.model_units + also) or 1, "the deployment", "serving")
    return found


def _of_serving(listed: tuple[Quota, ...], base_model: BaseModel, wish: DeploymentWish) -> Iterator[Quota]:
    if wish.serving == "on_demand":
        yield from named(listed, *_DEPLOYMENTS)
    else:
        yield from named(listed, _MODEL_UNITS)
        yield from _of_base_model(listed, base_model)


def _of_base_model(listed: tuple[Quota, ...], base_model: BaseModel) -> tuple[Quota, ...]:
    """The model units of this base model: of its own context length where there is one, else of any."""
    wanted = _words(base_model.title)
    found = {quota: _words(quota.name[len(_MODEL_UNITS_OF) :]) for quota in listed if _is_of_a_model(quota)}
    context = base_model.customization_id.rpartition(":")[2]
    exact = tuple(quota for quota, words in found.items() if words == wanted | {context})
    return exact or tuple(quota for quota, words in found.items() if words == wanted)


def _is_of_a_model(quota: Quota) -> bool:
    return quota.name.lower().startswith(_MODEL_UNITS_OF)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9.]+", name.lower())) - _FILLING


def _check(quota: Quota, needed: int, what: str, field: str) -> None:
    if quota.value < needed:
        raise CapExceeded(
            "account_quota",
            f'The account\'s quota "{quota.name}" ({quota.code}) is {quota.value:g}, and {what} needs {needed}. '
            f"Nothing was started. {quota.remedy}",
            field=field,
            quota_code=quota.code,
            quota_name=quota.name,
            quota=quota.value,
            needed=needed,
        )

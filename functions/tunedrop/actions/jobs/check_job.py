"""Check everything about a wanted job that can be known before money is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunedrop.actions.datasets import read_datasets
from tunedrop.actions.evaluations import plan_gate
from tunedrop.actions.evaluations.plan_gate import JudgedModel, PlannedGate
from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.serving import deployment_states, deployment_wish
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training import account_quotas, hyperparameters, lifecycle, own_choices
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.job_plan import PreparedVersion, UnpreparedVersion
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.domain.training.lifecycle import Lifecycle
from tunedrop.domain.training.start_request import StartJob
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_lifecycle, quotas
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.rows.deployment_rows import UnitsSpokenFor
from tunedrop.edges.settings import Settings
from tunedrop.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class CheckedJob:
    """A request with its defaults filled in, and what it refers to."""

    request: StartJob
    base_model: BaseModel
    base_model_arn: str | None
    """The custom model that is tuned further, if any."""
    hyperparameters: Mapping[str, str]
    deployment: DeploymentWish | None
    data: PreparedVersion | UnpreparedVersion
    head: Deployment | None
    """The ended deployment whose name is reused, if any."""
    spoken_for: UnitsSpokenFor | None
    """The model units that others have, if its deployment needs any."""
    gate: PlannedGate | None
    """What decides whether its deployment goes live."""


@dataclass(frozen=True, slots=True)
class AccountToday:
    """What AWS says today about the base model and the account."""

    lifecycle: Lifecycle | None
    quotas: tuple[Quota, ...]


def check(request: StartJob, cloud: Cloud) -> CheckedJob:
    """Check a request against the catalogue, the stack's caps and its rows.

    AWS is asked nothing, but for the questions of an evaluation and whom that may ask: `ask_aws` does.

    Raises InvalidInput, NotFound, Conflict and CapExceeded.
    """
    base_model = catalogue.find(request.base_model)
    values = hyperparameters.resolve(base_model, request.hyperparameters)
    wish = _wish(request, base_model, cloud.settings)
    _check_choices(request, cloud)
    lifecycle.check_region(base_model, cloud.settings.region)
    data = read_datasets.accepted(
        request.dataset, request.version, base_model.name, cloud, expected=request.expected_version
    )
    head = free_head(wish, cloud)
    earlier = read_jobs.get(request.from_job, cloud) if request.from_job else None
    further = own_choices.model_of(earlier, request) if earlier else None
    beside, gate = units_beside(wish, cloud), _gate(request, wish, data, cloud)
    return CheckedJob(request, base_model, further, values, wish, data, head, beside, gate)


def ask_aws(checked: CheckedJob, cloud: Cloud) -> AccountToday:
    """Ask AWS for today's lifecycle and quotas, to refuse a job that can't start or would end with nothing to call.

    Raises Conflict, CapExceeded and Unavailable.
    """
    base_model = checked.base_model
    with faults.asked_by_a_caller():
        tuned = observed_lifecycle.tuned_today(cloud.bedrock)
        today = observed_lifecycle.lifecycle(cloud.bedrock, base_model, tuned)
        lifecycle.check(base_model, today, cloud.now())
        listed = tuple(quotas.listed(cloud.quotas))
        account_quotas.check(listed, base_model, checked.deployment)
    return AccountToday(today, account_quotas.behind(listed, base_model, checked.deployment))


def units_beside(
    wish: DeploymentWish | None, cloud: Cloud, *, within: str = deployment_wish.OF_A_JOB
) -> UnitsSpokenFor | None:
    """The model units that others have, if the wish needs any. Raises CapExceeded if they leave too few for it."""
    if wish is None or not wish.model_units:
        return None
    spoken_for = deployment_rows.units_spoken_for(cloud.state)
    deployment_wish.check_model_units(wish, cloud.settings.max_model_units, spoken_for.by_deployment, within=within)
    return spoken_for


def free_head(wish: DeploymentWish | None, cloud: Cloud) -> Deployment | None:
    """The ended deployment whose name is reused, if any. Raises Conflict `deployment_exists` if it has not ended."""
    head = deployment_rows.load(cloud.state, wish.name) if wish else None
    if head and head.state not in deployment_states.ENDED:
        raise Conflict(
            "deployment_exists",
            f"Deployment {head.name} is {head.shown}. To serve the new model by it without a gap, train without a "
            f"deployment, then put the model there: tunedrop deployments put {head.name} --job JOB. Or choose another "
            "name.",
            field="deployment.name",
            state=head.shown,
            job_id=head.job_id,
        )
    return head


def _gate(
    request: StartJob, wish: DeploymentWish | None, data: PreparedVersion | UnpreparedVersion, cloud: Cloud
) -> PlannedGate | None:
    if request.evaluation is None:
        return None
    if wish is None:
        words = "An evaluation decides whether a deployment goes live, and asks it: say which, by deployment."
        raise InvalidInput("evaluation_without_deployment", words, field="evaluation")
    model = JudgedModel(
        wish.name,
        request.base_model,
        data.name,
        data.version,
        by_the_hour=wish.serving == "provisioned_throughput",
        learned_by=request.from_job,
    )
    accepted = request.accept_unknown_price
    return plan_gate.plan(request.evaluation, model, cloud, accept_unknown_price=accepted)


def _check_choices(request: StartJob, cloud: Cloud) -> None:
    settings = cloud.settings
    own_choices.check_tags(request.tags)
    own_choices.check_key(request.kms_key_arn, settings.custom_model_key_arns)
    own_choices.check_vpc(request.vpc, settings.job_subnet_ids, settings.job_security_group_ids)
    own_choices.check_deadline(request.deadline, cloud.now(), settings.job_deadline_hours)


def _wish(request: StartJob, base_model: BaseModel, settings: Settings) -> DeploymentWish | None:
    if request.deployment is None:
        return None
    deployment_states.check_name(request.deployment.name, catalogue.catalogue())
    return deployment_wish.resolve(request.deployment, base_model, default_hours=settings.deployment_hours)

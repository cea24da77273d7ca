"""Start a job: check everything that can be known, then write its intent. Nothing is spent here."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.datasets import read_datasets
from tunedrop.actions.jobs import draft_intent, prepare_for_job
from tunedrop.actions.jobs.save_job import ask_for_advance
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.serving import deployment_states, deployment_wish
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training import account_quotas, hyperparameters, lifecycle
from tunedrop.domain.training.job_states import DeploymentWish, Job, StartJob
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_lifecycle, quotas
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows, tombstone_rows
from tunedrop.edges.rows.writes import Put, Require
from tunedrop.edges.settings import Settings
from tunedrop.errors import Conflict, Unavailable


def start(request: StartJob, cloud: Cloud, *, job_id: str, caller: str) -> Job:
    """Check everything that can be known before money is spent, write the intent, and enqueue it.

    A job whose version was not prepared for its base model is Preparing, and gets its plan when that is done.
    If `job_id` exists, returns that job and creates nothing. Raises InvalidInput, NotFound, Conflict, CapExceeded
    (then nothing was changed) and Unavailable (the same request may be sent again).
    """
    existing = job_rows.load(cloud.state, job_id)
    if existing:
        _ask_for_next(existing, cloud)
        return existing
    base_model = catalogue.find(request.base_model)
    values = hyperparameters.resolve(base_model, request.hyperparameters)
    wish = _wish(request, base_model, cloud.settings)
    lifecycle.check_region(base_model, cloud.settings.region)
    data = read_datasets.accepted(
        request.dataset, request.version, base_model.name, cloud, expected=request.expected_version
    )
    head = _free_head(wish, cloud)
    if wish and wish.model_units:
        deployment_wish.check_model_units(
            wish, cloud.settings.max_model_units, deployment_rows.units_spoken_for(cloud.state)
        )
    wanted = draft_intent.WantedJob(base_model, values, wish, request.plan_id)
    intent = draft_intent.make(wanted, data, head, draft_intent.Origin(job_id, caller, cloud.now()), cloud)
    _ask_aws(base_model, wish, cloud)  # last: what our own rows refuse costs no call to AWS
    job = _write(intent, cloud)
    _ask_for_next(job, cloud)
    return job


def _wish(request: StartJob, base_model: BaseModel, settings: Settings) -> DeploymentWish | None:
    if request.deployment is None:
        return None
    deployment_states.check_name(request.deployment.name, catalogue.catalogue())
    return deployment_wish.resolve(request.deployment, base_model, default_hours=settings.deployment_hours)


def _free_head(wish: DeploymentWish | None, cloud: Cloud) -> Deployment | None:
    """The ended deployment whose name is reused, if any. Raises Conflict `deployment_exists` if it has not ended."""
    head = deployment_rows.load(cloud.state, wish.name) if wish else None
    if head and head.state not in deployment_states.ENDED:
        raise Conflict(
            "deployment_exists",
            f"Deployment {head.name} is {head.state}. Release it first, or choose another name.",
            field="deployment.name",
            state=head.state,
            job_id=head.job_id,
        )
    return head


def _ask_aws(base_model: BaseModel, wish: DeploymentWish | None, cloud: Cloud) -> None:
    """Check today's lifecycle and quotas, to refuse a job that can't start or would end with nothing to call."""
    with faults.asked_by_a_caller():
        tuned = observed_lifecycle.tuned_today(cloud.bedrock)
        lifecycle.check(base_model, observed_lifecycle.lifecycle(cloud.bedrock, base_model, tuned), cloud.now())
        account_quotas.check(quotas.listed(cloud.quotas), base_model, wish)


def _write(intent: draft_intent.Intent, cloud: Cloud) -> Job:
    """Write all rows or none. If another writer used the same id, return its job; if it took the name, refuse."""
    job = intent.job
    writes: list[Put | Require] = [job_rows.put_job(job), job_rows.put_name(job), job_rows.open_work(job)]
    writes += tombstone_rows.undisturbed(job.dataset, job.version)
    if intent.head and intent.purchase:
        writes += [
            deployment_rows.put_new(intent.head),
            deployment_rows.put_purchase(intent.purchase),
            deployment_rows.open_work(intent.purchase),
        ]
    if cloud.state.write_all(*writes):
        return replace(job, revision=1)
    existing = job_rows.load(cloud.state, job.id)
    if existing:
        return existing
    _free_head(job.deployment, cloud)  # raises if the name is what was lost
    raise Unavailable("busy", "The deployment's name or the dataset was changed just now. Send the request again.")


def _ask_for_next(job: Job, cloud: Cloud) -> None:
    if job.status == "Preparing" and not job.stop_requested:
        prepare_for_job.ask(job, cloud)
    else:
        ask_for_advance(job, cloud)

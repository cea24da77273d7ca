"""Read custom models: each is what a Completed job made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunedrop.actions.deployments import find_model, read_deployments
from tunedrop.actions.evaluations import read_evaluations
from tunedrop.actions.jobs import follow_models, read_jobs
from tunedrop.domain.evaluation.model_evaluations import ModelEvaluation
from tunedrop.domain.serving import capacity_costs
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training import missed_models, names_tokens_tags
from tunedrop.domain.training.job_filter import JobFilter
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import faults
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows import job_rows
from tunedrop.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A custom model: the job that made it, and the deployments that serve it and have not ended."""

    job: Job
    deployments: tuple[Deployment, ...]
    storage_cost: float | None
    """A month, in `currency`; 0 once it is gone, None where no price is configured."""
    currency: str
    is_there: bool | None = None
    """Whether Bedrock shows it to this stack; None where it was not asked and our rows do not know that it is gone."""
    is_erased: bool | None = None
    """Whether data that it learned from is erased or being erased, so that it is not served again; None: not asked."""
    evaluations: tuple[ModelEvaluation, ...] | None = None
    """The last ones in which it took part, newest first; None: not asked."""


@dataclass(frozen=True, slots=True)
class ModelPage:
    """One page of custom models, newest first, and the cursor for the next page (None: no more)."""

    models: tuple[ServedModel, ...]
    cursor: str | None


def find(name: str, cloud: Cloud) -> Job:
    """The job that made the custom model of that name, or of that job's own id. Raises NotFound `unknown_model`."""
    known = len(name) <= names_tokens_tags.MAX_NAME
    job = (job_rows.find(cloud.state, name) or job_rows.load(cloud.state, name)) if known else None
    if job is None or job.model_arn is None:
        raise NotFound(
            "unknown_model", f"No job of this stack made a custom model named {name[:80]!r}.", model=name[:80]
        )
    return job


def get(name: str, cloud: Cloud) -> ServedModel:
    """The custom model of that name. Raises NotFound `unknown_model`, and Unavailable if Bedrock does not answer."""
    job = find(name, cloud)
    with faults.asked_by_a_caller():
        is_shown = follow_models.is_shown(job, cloud)
    standing = tuple(read_deployments.standing_by_job(cloud).get(job.id, ()))
    model = _served(job, standing, _is_there(job, cloud, shown=is_shown), cloud)
    return replace(model, is_erased=_is_erased(job, cloud), evaluations=read_evaluations.of_model(job, cloud))


def _is_erased(job: Job, cloud: Cloud) -> bool:
    try:
        find_model.check(job, cloud)
    except Conflict as refused:
        return refused.code == "data_erased"
    return False


def list_models(limit: int, cursor: str | None, cloud: Cloud, wanted: JobFilter) -> ModelPage:
    """Up to `limit` of the custom models whose jobs are asked for. Raises InvalidInput `invalid_cursor`.

    A page may be short, or empty, and have a cursor, as one of jobs.
    """
    page = read_jobs.list_jobs(limit, cursor, cloud, replace(wanted, status="Completed"))
    standing = read_deployments.standing_by_job(cloud) if page.jobs else {}
    jobs = [job for job in page.jobs if job.model_arn]
    shown = _listed(cloud) if jobs else None
    models: list[ServedModel] = []
    for job in jobs:
        is_there = None if shown is None else _is_there(job, cloud, shown=job.name in shown)
        models.append(_served(job, tuple(standing.get(job.id, ())), is_there, cloud))
    return ModelPage(tuple(models), page.cursor)


def _listed(cloud: Cloud) -> frozenset[str] | None:
    """The models that Bedrock lists; None where it does not answer: our rows can be listed all the same."""
    try:
        return follow_models.listed(cloud)
    except faults.FAULTS as fault:
        logger.warning("Bedrock did not list its custom models", extra=traced(fault))
        return None


def _is_there(job: Job, cloud: Cloud, *, shown: bool) -> bool | None:
    """What follows from what Bedrock shows; None: it may be too new to be shown."""
    return True if shown else False if missed_models.is_followed(job, cloud.now()) else None


def _served(job: Job, deployments: tuple[Deployment, ...], is_there: bool | None, cloud: Cloud) -> ServedModel:
    settings = cloud.settings
    is_gone = missed_models.gone_at(job) is not None or is_there is False
    month = 0.0 if is_gone else capacity_costs.storage(settings.prices)
    return ServedModel(job, deployments, month, settings.currency, False if is_gone else is_there)

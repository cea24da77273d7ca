"""Find the job whose custom model a request names, and check that this model may be served."""

from __future__ import annotations

from collections.abc import Iterator

from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.serving import served_models
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.training import model_deletion, names_tokens_tags
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_models
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import dataset_rows, job_rows, tombstone_rows
from tunedrop.edges.rows.writes import Require

MOST_ANCESTORS = 20
"""Models tuned further one from another; Bedrock allows a few."""


def find(asked: PutDeployment, cloud: Cloud) -> Job | None:
    """The job that the request names itself or by its model; None if it names none.

    Raises InvalidInput, NotFound `unknown_job` or `unknown_model`, Conflict `foreign_model`, and Unavailable.
    """
    if asked.job_id is not None:
        return read_jobs.get(asked.job_id, cloud)
    return None if asked.model is None else _of_model(asked.model, cloud)


def _of_model(model: str, cloud: Cloud) -> Job:
    by_arn = served_models.is_arn(model, catalogue.catalogue())
    name: str | None = model
    if by_arn:
        with faults.asked_by_a_caller():
            name = observed_models.name_of(cloud.bedrock, model)
    job = job_rows.find(cloud.state, name) if name and len(name) <= names_tokens_tags.MAX_NAME else None
    if job is None or (by_arn and job.model_arn != model):
        raise served_models.not_ours(model, cloud.settings.stack_uid, by_arn=by_arn)
    return job


def learned_from(job: Job, cloud: Cloud) -> Iterator[Job]:
    """The job and those whose models it tuned further: its model learned from the data of all of them."""
    found: Job | None = job
    for _ in range(MOST_ANCESTORS):
        if found is None:
            return
        yield found
        found = job_rows.load(cloud.state, found.from_job) if found.from_job else None


def check(job: Job, cloud: Cloud) -> None:
    """Raises Conflict `job_not_completed`, `model_deleted` or `data_erased`."""
    served_models.check_completed(job)
    if not model_deletion.is_kept(job.model_deletion):
        raise model_deletion.being_deleted(job.name)
    for each in learned_from(job, cloud):
        head = dataset_rows.load_head(cloud.state, each.dataset)
        if (head and head.deletion) or tombstone_rows.load_tombstone(cloud.state, each.dataset, each.version):
            raise served_models.erased(job, each)


def check_exists(job: Job, cloud: Cloud) -> None:
    """Ask Bedrock for the custom model. Raises Conflict `model_gone`, and Unavailable."""
    with faults.asked_by_a_caller():
        if observed_models.name_of(cloud.bedrock, job.model_arn or "") is None:
            raise served_models.gone(job)


def undisturbed(job: Job | None, cloud: Cloud) -> list[Require]:
    """Conditions of writes: neither the job's model nor any data that it learned from is being erased."""
    if job is None:
        return []
    found = {
        require.key: require
        for each in learned_from(job, cloud)
        for require in tombstone_rows.undisturbed(each.dataset, each.version)
    }
    return [job_rows.keeps_model(job.id), *found.values()]

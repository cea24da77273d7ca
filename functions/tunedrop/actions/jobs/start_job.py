"""Start a job: check everything that can be known, then write its intent. Nothing is spent here."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.jobs import check_job, draft_intent, prepare_for_job
from tunedrop.actions.jobs.save_job import ask_for_advance
from tunedrop.domain.training.job_states import Job, StartJob
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows, tombstone_rows
from tunedrop.edges.rows.writes import Put, Require
from tunedrop.errors import Unavailable


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
    checked = check_job.check(request, cloud)
    wanted = draft_intent.WantedJob(
        checked.base_model, checked.hyperparameters, checked.deployment, request.plan_id, request.sweep
    )
    origin = draft_intent.Origin(job_id, caller, cloud.now())
    intent = draft_intent.make(wanted, checked.data, checked.head, origin, cloud)
    check_job.ask_aws(checked, cloud)  # last: what our own rows refuse costs no call to AWS
    job = _write(intent, cloud)
    _ask_for_next(job, cloud)
    return job


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
    check_job.free_head(job.deployment, cloud)  # raises if the name is what was lost
    raise Unavailable("busy", "The deployment's name or the dataset was changed just now. Send the request again.")


def _ask_for_next(job: Job, cloud: Cloud) -> None:
    if job.status == "Preparing" and not job.stop_requested:
        prepare_for_job.ask(job, cloud)
    else:
        ask_for_advance(job, cloud)

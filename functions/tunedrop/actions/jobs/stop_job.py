"""Request a job's stop; SpendingRequestedFunction sends it to Bedrock."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.jobs import read_jobs
from tunedrop.actions.jobs.save_job import ask_for_advance
from tunedrop.domain.training.job_states import ENDED, Job
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import job_rows
from tunedrop.errors import Conflict, Unavailable

MOST_TRIES = 5


def stop(job_id: str, cloud: Cloud) -> Job:
    """Request the job's stop; Bedrock charges for what was trained until then. Repeating it changes nothing.

    Raises NotFound `unknown_job`, Conflict `job_ended`, and Unavailable.
    """
    for _ in range(MOST_TRIES):
        job = read_jobs.get(job_id, cloud)
        if job.status in ENDED and job.status != "Stopped":
            raise Conflict("job_ended", f"Job {job_id} is {job.status}; there is nothing to stop.", status=job.status)
        if job.status in {"Stopped", "Stopping"}:
            return job
        asked = replace(job, stop_requested=True)
        if job.stop_requested or cloud.state.put(job_rows.put_job(asked)).done:
            ask_for_advance(asked, cloud)
            return asked
    raise Unavailable("busy", f"Job {job_id} is being changed. Send the request again.", job_id=job_id)

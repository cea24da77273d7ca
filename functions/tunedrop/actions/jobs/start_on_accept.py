"""Start one job per dataset automatically, if its `dataset.toml` asks for it and the stack allows it."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.datasets import read_settings
from tunedrop.actions.jobs import start_job
from tunedrop.domain.training import on_accept
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, job_rows, on_accept_rows
from tunedrop.edges.rows.on_accept_rows import Claim
from tunedrop.errors import TunedropError


def start(version: Version, cloud: Cloud) -> OnAccept | None:
    """Start the job that an accepted version's settings ask for; None if they ask for none.

    A dataset starts only one job this way, however often and in whatever order its messages arrive. A refusal is
    final. Faults of tables, S3 and queues are raised, so that the message is redelivered.
    """
    if version.status != "accepted" or object_keys.SETTINGS_FILE not in version.files:
        return None
    wishes = read_settings.read(version, cloud)
    if wishes.job is None or wishes.job.start != "on_accept":
        return None
    wish = OnAccept(on_accept.request(version, wishes.job, wishes.deployment, wishes.evaluation))
    head = dataset_rows.load_head(cloud.state, version.dataset)
    refused = on_accept.refusal(version, head, wishes.job, allowed=cloud.settings.allow_jobs_on_accept)
    if refused:
        return replace(wish, code=refused[0], message=refused[1])
    return _claimed(wish, version, cloud)


def _claimed(wish: OnAccept, version: Version, cloud: Cloud) -> OnAccept:
    claim = on_accept_rows.claim(cloud.state, version.dataset, version.number, cloud.new_id(), cloud.now())
    if claim.version != version.number:
        job_id = None if claim.code else claim.job_id
        words = (
            f"{version.dataset}@{claim.version} was the first to be accepted; only that version starts a job by itself."
        )
        return replace(wish, job_id=job_id, code="not_the_first_version", message=words)
    if claim.code is None:
        return _started(wish, claim, cloud)
    return _refused(wish, claim)


def _started(wish: OnAccept, claim: Claim, cloud: Cloud) -> OnAccept:
    """Start the job as `POST /jobs` would, with the stack as caller. The claim's id makes it the same job each time."""
    try:
        job = start_job.start(wish.request, cloud, job_id=claim.job_id, caller=cloud.settings.stack_id)
    except TunedropError as error:
        if started := job_rows.load(cloud.state, claim.job_id):  # by another delivery of the same message
            return replace(wish, job_id=started.id, status=started.status)
        logger.warning("no job started on accept", extra={"dataset": claim.dataset, "code": error.code})
        plan_id = error.details.get("plan", {}).get("plan_id")
        refused = replace(claim, code=error.code, message=error.message, plan_id=plan_id)
        on_accept_rows.refuse(cloud.state, refused)
        return _refused(wish, refused)
    return replace(wish, job_id=job.id, status=job.status)


def _refused(wish: OnAccept, claim: Claim) -> OnAccept:
    request = replace(wish.request, plan_id=claim.plan_id)
    return replace(wish, request=request, code=claim.code, message=claim.message)

"""Delete a custom model that nothing serves and nothing learns from: asked for here, carried out by who may spend.

Its row says that it is being deleted before what uses it is looked for, and whatever would use it is written only while
no row says so. So of a deletion and a deployment that come at once, one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tunedrop.actions.deployments import bill_capacity
from tunedrop.actions.jobs import follow_models, read_models
from tunedrop.actions.jobs.read_models import ServedModel
from tunedrop.domain.serving import purchase_states
from tunedrop.domain.training import job_states, job_steps, missed_models, model_deletion
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.model_deletion import ModelDeletion
from tunedrop.edges.bedrock import discard_model
from tunedrop.edges.bedrock.call_outcomes import Done
from tunedrop.edges.clients import Spender
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.faults import ABSENT
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows
from tunedrop.errors import Conflict, Unavailable

MOST_TRIES = 5
GONE = "ResourceNotFoundException"


def plan(name: str, cloud: Cloud) -> ServedModel:
    """The custom model that would be deleted. Raises what the request itself would raise."""
    job = read_models.find(name, cloud)
    if model_deletion.is_kept(job.model_deletion):
        _check_unused(job, cloud)
    return read_models.get(name, cloud)


def ask(name: str, cloud: Cloud, *, caller: str) -> ServedModel:
    """Ask for the deletion of a custom model. Repeating it sends the hint again, and writes nothing.

    Raises NotFound `unknown_model`, Conflict `model_deployed` or `model_learnt_from`, and Unavailable.
    """
    for _ in range(MOST_TRIES):
        job = read_models.find(name, cloud)
        asked = model_deletion.ask(job.model_deletion, caller, cloud.now())
        if asked != job.model_deletion:
            _check_unused(job, cloud)
            marked = replace(job, model_deletion=asked)
            if not cloud.state.write_all(job_rows.put_job(marked), job_rows.open_work(marked)):
                continue
        if asked.is_open:
            cloud.spend_queue.send("advance_job", job_id=job.id)
        return read_models.get(name, cloud)
    raise Unavailable("busy", f"The job of custom model {name} is being changed. Send the request again.", model=name)


def carry_out(job: Job, cloud: Cloud, spender: Spender) -> None:
    """Delete the custom model whose deletion was asked for, if nothing uses it. Safe to repeat and interrupt.

    What Bedrock does not answer, or not now, is tried again by reconcile. Raises botocore's errors.
    """
    deletion = job.model_deletion
    if deletion is None or not deletion.is_open or job.model_arn is None:
        return
    if used := _use(job, cloud):
        _save(job, model_deletion.give_up(deletion, Refusal("refused", used.code, used.message)), cloud)
        return
    if deletion.sent_at is not None or _save(job, model_deletion.send(deletion, cloud.now()), cloud):
        _send(job.id, job.model_arn, cloud, spender, sent_before=deletion.sent_at is not None)


def _send(job_id: str, arn: str, cloud: Cloud, spender: Spender, *, sent_before: bool) -> None:
    answer = discard_model.delete(spender, arn)
    job = job_rows.load(cloud.state, job_id)
    deletion = job.model_deletion if job else None
    if job is None or deletion is None:
        return
    match answer:
        case Done():
            ended = model_deletion.finish(deletion, cloud.now())
            job = replace(job, model_missed_at=None)  # if it was missed, then wrongly: it was stored until now
        case Refusal(code=code) if code in ABSENT and (code == GONE or follow_models.is_gone(job, cloud)):
            # An earlier send took effect, or a person deleted it.
            ended = model_deletion.finish(deletion, job.model_missed_at or cloud.now())
        case Refusal(code=code) if code in ABSENT and sent_before and not _has_settled(deletion, cloud):
            return  # an earlier send may have taken effect, which Bedrock does not show yet
        case Refusal(kind="refused"):
            ended = model_deletion.give_up(deletion, answer)
        case _:
            logger.warning("a custom model is not deleted yet", extra={"job_id": job_id, "answer": str(answer)})
            return
    _save(job, ended, cloud)


def _has_settled(deletion: ModelDeletion, cloud: Cloud) -> bool:
    """Whether Bedrock would show by now what the first send did."""
    return deletion.sent_at is not None and cloud.now() - deletion.sent_at >= missed_models.SETTLES_IN


def _check_unused(job: Job, cloud: Cloud) -> None:
    if used := _use(job, cloud):
        raise used


def _use(job: Job, cloud: Cloud) -> Conflict | None:
    """What keeps the model from being deleted. Read where no write is missed (docs/facts.md#dynamodb)."""
    purchases, unreadable = bill_capacity.open_purchases(cloud)
    if unreadable:
        raise unreadable  # it may be what serves the model
    served = [
        each.deployment
        for each in purchases
        if each.state not in purchase_states.ENDED and job.id in {each.job_id, each.swap.job_id if each.swap else None}
    ]
    return model_deletion.in_use(job.name, served, [each.id for each in _learning_from(job, cloud)])


def _learning_from(job: Job, cloud: Cloud) -> Iterator[Job]:
    for row in cloud.state.query("OPEN", "JOB#").rows:
        other = job_rows.load(cloud.state, row["job_id"])
        if other and other.from_job == job.id and other.status not in job_states.ENDED:
            yield other


def _save(job: Job, deletion: ModelDeletion, cloud: Cloud) -> bool:
    changed = replace(job, model_deletion=deletion)
    closing = [job_rows.close_work(changed)] if job_steps.is_finished(changed, cloud.now()) else []
    return cloud.state.write_all(job_rows.put_job(changed), *closing)

"""Bringing a job to Bedrock: a plan, a slot, a send whose token never changes, a way back from every lost answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.actions import announce
from tunedrop.actions.jobs import prepare_on_demand, save_job
from tunedrop.domain.training import job_states, job_steps
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import Job
from tunedrop.edges.bedrock import job_calls as bedrock_edge
from tunedrop.edges.bedrock.job_calls import Ambiguous, Done
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import Settings
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

MOST_STEPS = 10
"""More than any way through the steps takes; a job that needs more is fought over and comes again by the queue."""


_ENDED_ALREADY = frozenset({"ValidationException", "ConflictException"})  # bedrock-facts 4.3: only while InProgress


@dataclass(frozen=True, slots=True)
class _Reach:
    table: Table
    bedrock: BedrockClient
    spending: BedrockClient
    sqs: SQSClient
    settings: Settings
    now: datetime


def advance_job(
    job_id: str,
    *,
    table: Table,
    bedrock: BedrockClient,
    spending: BedrockClient,
    sqs: SQSClient,
    bus: EventBridgeClient,
    settings: Settings,
    now: datetime,
) -> Job | None:
    """Do what is next for the job until nothing is. Safe to repeat, to interrupt and to run twice at once.

    Returns the job, None for an id that is not ours. Raises Unavailable when others keep changing it.
    """
    reach = _Reach(table, bedrock, spending, sqs, settings, now)
    seen: job_steps.SeenJob | job_steps.Unprepared | None = None
    for _ in range(MOST_STEPS):
        job = job_rows.load(table, job_id)
        if job is None:
            logger.warning("no such job", extra={"job_id": job_id})
            return None
        step = job_steps.next_step(job, seen, now)
        logger.info("job step", extra={"job_id": job_id, "status": job.status, "step": type(step).__name__})
        if isinstance(step, job_steps.LeaveJob):
            announce.announce_job(job, table=table, bus=bus, settings=settings, now=now)
            return job
        seen = _carry_out(step, job, reach)
    raise Unavailable("busy", f"Job {job_id} is being changed by others.", job_id=job_id)


def _carry_out(step: job_steps.JobStep, job: Job, reach: _Reach) -> job_steps.SeenJob | job_steps.Unprepared | None:
    """One step; a write that loses a race is no fault, because the next round reads and decides again."""
    match step:
        case job_steps.PlanJob():
            return _plan(job, reach)
        case job_steps.Look():
            return job_steps.SeenJob(bedrock_edge.find_job(reach.bedrock, job.name))
        case job_steps.SendJob():
            _send(job, reach)
        case job_steps.Stop(arn):
            _stop(job, arn, reach)
        case job_steps.ReclaimJob(arn):
            _reclaim(job, arn, reach)
        case job_steps.Raise(reason):
            raise Unavailable("job_out_of_sight", f"Job {job.id}: {reason}.", job_id=job.id)
        case _:
            _move(step, job, reach)
    return None


def _move(step: job_steps.JobStep, job: Job, reach: _Reach) -> None:
    """Steps that only change rows."""
    match step:
        case job_steps.AdoptJob(truth):
            _save(job_states.adopt(job, truth.arn, "request", truth.created_at), reach)
        case job_steps.AskForData():
            if save_job.save(reach.table, replace(job, data_asked_at=reach.now), reach.now):
                prepare_on_demand.ask(job, reach.sqs, reach.settings)
        case job_steps.Park(reason):
            parked = job_states.park(job, reason, reach.now)
            save_job.save(reach.table, parked, reach.now, job_rows.give_slot(job))
        case job_steps.End(status, failure):
            _save(job_states.end(job, status, failure, reach.now), reach)


def _plan(job: Job, reach: _Reach) -> job_steps.Unprepared | None:
    planned = prepare_on_demand.go_on(job, table=reach.table, settings=reach.settings, now=reach.now)
    if planned is None:
        return job_steps.Unprepared()
    _save(planned, reach)
    return None


def _send(job: Job, reach: _Reach) -> None:
    assert job.request is not None, "only a job that is Preparing has none, and that is never sent"
    attempted = job_states.attempt(job, reach.now)
    slot = job_rows.take_slot(job, reach.settings.max_concurrent_jobs)
    if not save_job.save(reach.table, attempted, reach.now, slot):
        _wait_for_slot(job, reach)
        return
    sent = replace(attempted, revision=attempted.revision + 1)
    answer = bedrock_edge.create_job(reach.spending, job.request)
    match answer:
        case Done(arn):
            _save(job_states.adopt(sent, arn, "request", reach.now), reach)
        case Refusal():
            _save(job_states.refuse(sent, answer), reach)
        case Ambiguous(reason):
            logger.warning("the outcome of creating a job is unknown", extra={"job_id": job.id, "reason": reason})


def _wait_for_slot(job: Job, reach: _Reach) -> None:
    """The write failed for want of a slot or because the row changed; only the first leaves the revision as it was."""
    most = reach.settings.max_concurrent_jobs
    reason = f"{most} jobs of this stack run already (MaxConcurrentJobs)"
    _save(job_states.park(job, reason, reach.now), reach)


def _stop(job: Job, arn: str, reach: _Reach) -> None:
    if _stopped(job, arn, reach):
        _save(job_states.transition(job, "Stopping", "request", reach.now, "stop was asked for"), reach)
    else:
        _save(replace(job, stop_requested=False), reach)


def _reclaim(job: Job, arn: str, reach: _Reach) -> None:
    logger.error("a job runs in Bedrock that has ended here", extra={"job_id": job.id, "arn": arn})
    _stopped(job, arn, reach)
    reach.table.put(job_rows.put_job(job_states.reclaim(job, arn, reach.now)))


def _stopped(job: Job, arn: str, reach: _Reach) -> bool:
    """Whether Bedrock stops it; False: it has ended already. Raises Unavailable for all else: the wish stays."""
    answer = bedrock_edge.stop_job(reach.spending, arn)
    if isinstance(answer, Done):
        return True
    if isinstance(answer, Refusal) and answer.code in _ENDED_ALREADY:
        logger.warning("Bedrock does not stop the job", extra={"job_id": job.id, "code": answer.code})
        return False
    reason = answer.reason if isinstance(answer, Ambiguous) else answer.code
    raise Unavailable("stop_unanswered", f"Job {job.id} could not be stopped yet.", job_id=job.id, reason=reason)


def _save(job: Job, reach: _Reach) -> None:
    save_job.save(reach.table, job, reach.now)

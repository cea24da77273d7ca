"""Bringing a job to Bedrock: a plan, a slot, a send whose token never changes, a way back from every lost answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop import announcements, job_changes, preparing
from tunedrop.edges import bedrock as bedrock_edge
from tunedrop.edges import job_rows
from tunedrop.edges.bedrock import Ambiguous, Done
from tunedrop.edges.observability import logger
from tunedrop.edges.settings import Settings
from tunedrop.edges.table import Table
from tunedrop.errors import Unavailable
from tunedrop.training import jobs, steps
from tunedrop.training.jobs import Job
from tunedrop.training.refusals import Refusal

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
    seen: steps.Seen | steps.Unprepared | None = None
    for _ in range(MOST_STEPS):
        job = job_rows.load(table, job_id)
        if job is None:
            logger.warning("no such job", extra={"job_id": job_id})
            return None
        step = steps.next_step(job, seen, now)
        logger.info("job step", extra={"job_id": job_id, "status": job.status, "step": type(step).__name__})
        if isinstance(step, steps.Wait):
            announcements.announce_job(job, table=table, bus=bus, settings=settings, now=now)
            return job
        seen = _carry_out(step, job, reach)
    raise Unavailable("busy", f"Job {job_id} is being changed by others.", job_id=job_id)


def _carry_out(step: steps.Step, job: Job, reach: _Reach) -> steps.Seen | steps.Unprepared | None:
    """One step; a write that loses a race is no fault, because the next round reads and decides again."""
    match step:
        case steps.Plan():
            return _plan(job, reach)
        case steps.Look():
            return steps.Seen(bedrock_edge.find_job(reach.bedrock, job.name))
        case steps.Send():
            _send(job, reach)
        case steps.Stop(arn):
            _stop(job, arn, reach)
        case steps.Reclaim(arn):
            _reclaim(job, arn, reach)
        case steps.Raise(reason):
            raise Unavailable("job_out_of_sight", f"Job {job.id}: {reason}.", job_id=job.id)
        case _:
            _move(step, job, reach)
    return None


def _move(step: steps.Step, job: Job, reach: _Reach) -> None:
    """Steps that only change rows."""
    match step:
        case steps.Adopt(truth):
            _save(jobs.adopt(job, truth.arn, "request", truth.created_at), reach)
        case steps.AskForData():
            if job_changes.save(reach.table, replace(job, data_asked_at=reach.now), reach.now):
                preparing.ask(job, reach.sqs, reach.settings)
        case steps.Park(reason):
            parked = jobs.park(job, reason, reach.now)
            job_changes.save(reach.table, parked, reach.now, job_rows.give_slot(job))
        case steps.End(status, failure):
            _save(jobs.end(job, status, failure, reach.now), reach)


def _plan(job: Job, reach: _Reach) -> steps.Unprepared | None:
    planned = preparing.go_on(job, table=reach.table, settings=reach.settings, now=reach.now)
    if planned is None:
        return steps.Unprepared()
    _save(planned, reach)
    return None


def _send(job: Job, reach: _Reach) -> None:
    assert job.request is not None, "only a job that is Preparing has none, and that is never sent"
    attempted = jobs.attempt(job, reach.now)
    slot = job_rows.take_slot(job, reach.settings.max_concurrent_jobs)
    if not job_changes.save(reach.table, attempted, reach.now, slot):
        _wait_for_slot(job, reach)
        return
    sent = replace(attempted, revision=attempted.revision + 1)
    answer = bedrock_edge.create_job(reach.spending, job.request)
    match answer:
        case Done(arn):
            _save(jobs.adopt(sent, arn, "request", reach.now), reach)
        case Refusal():
            _save(jobs.refuse(sent, answer), reach)
        case Ambiguous(reason):
            logger.warning("the outcome of creating a job is unknown", extra={"job_id": job.id, "reason": reason})


def _wait_for_slot(job: Job, reach: _Reach) -> None:
    """The write failed for want of a slot or because the row changed; only the first leaves the revision as it was."""
    most = reach.settings.max_concurrent_jobs
    reason = f"{most} jobs of this stack run already (MaxConcurrentJobs)"
    _save(jobs.park(job, reason, reach.now), reach)


def _stop(job: Job, arn: str, reach: _Reach) -> None:
    if _stopped(job, arn, reach):
        _save(jobs.transition(job, "Stopping", "request", reach.now, "stop was asked for"), reach)
    else:
        _save(replace(job, stop_requested=False), reach)


def _reclaim(job: Job, arn: str, reach: _Reach) -> None:
    logger.error("a job runs in Bedrock that has ended here", extra={"job_id": job.id, "arn": arn})
    _stopped(job, arn, reach)
    reach.table.put(job_rows.put_job(jobs.reclaim(job, arn, reach.now)))


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
    job_changes.save(reach.table, job, reach.now)

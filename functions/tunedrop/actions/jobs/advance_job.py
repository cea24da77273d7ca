"""Carry out a job's next steps until Bedrock has it: plan, take a slot, send with a token that never changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tunedrop.actions import announce
from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.jobs import delete_model, follow_models, prepare_for_job, save_job, tell_retirements
from tunedrop.domain.training import job_queue, job_states, job_steps, wait_reasons
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.bedrock_view import BedrockCall
from tunedrop.domain.training.job_states import Job, JobStatus, JobTruth, StatusSource
from tunedrop.edges.bedrock import observed_jobs, start_training
from tunedrop.edges.bedrock.call_outcomes import Ambiguous, AnsweredCall, Done
from tunedrop.edges.clients import Spender
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows, running_job_slots
from tunedrop.errors import Unavailable

MOST_STEPS = 10
"""More than any path through the steps takes. A job that needs more is contended; its message is redelivered."""


# How Bedrock refuses to stop a job that has already ended (docs/facts.md#job-states).
_ENDED_ALREADY = frozenset({"ValidationException", "ConflictException"})


@dataclass(frozen=True, slots=True)
class _Turn:
    """One delivery of a message: what it may touch, and when it began."""

    cloud: Cloud
    spender: Spender
    source: StatusSource
    now: datetime


def advance(job_id: str, cloud: Cloud, spender: Spender, source: StatusSource = "reconcile") -> Job | None:
    """Carry out the job's next steps until there are none. Safe to repeat, interrupt and run concurrently.

    `source` is what had us look for a job that has ended here. Returns the job, or None if it does not exist. Raises
    Unavailable if other writers keep changing it, or if Bedrock hides it or does not answer a stop.
    """
    turn = _Turn(cloud, spender, source, cloud.now())
    deadline = timedelta(hours=cloud.settings.job_deadline_hours)
    seen: job_steps.SeenJob | job_steps.Unprepared | None = None
    for _ in range(MOST_STEPS):
        job = job_rows.load(cloud.state, job_id)
        if job is None:
            logger.warning("no such job", extra={"job_id": job_id})
            return None
        step = job_steps.next_step(job, seen, turn.now, deadline=deadline)
        if isinstance(step, job_steps.SendJob) and (objection := reserve_budget.objection_to_job(job, cloud)):
            step = job_steps.End("Failed", f"Nothing was trained: {objection.words}", objection.code)
        logger.info("job step", extra={"job_id": job_id, "status": job.status, "step": type(step).__name__})
        if isinstance(step, job_steps.LeaveJob):
            announce.announce_job(job, cloud)
            announce.announce_wait(job, cloud)
            announce.announce_appearance(job, cloud)
            _about_its_model(job_id, turn)
            return job
        seen = _carry_out(step, job, turn)
    raise Unavailable("busy", f"Job {job_id} is being changed by others.", job_id=job_id)


def _about_its_model(job_id: str, turn: _Turn) -> None:
    """What is due for the custom model of a job that has ended."""
    job = job_rows.load(turn.cloud.state, job_id)  # anew: what was announced before this is written in the row
    if job and job.status == "Completed":
        delete_model.carry_out(job, turn.cloud, turn.spender)
        tell_retirements.announce(job, turn.cloud, turn.now)
        follow_models.look(job_rows.load(turn.cloud.state, job_id) or job, turn.cloud, turn.now)


def _carry_out(step: job_steps.JobStep, job: Job, turn: _Turn) -> job_steps.SeenJob | job_steps.Unprepared | None:
    """Carry out one step. A write may lose a race: the next round reads the row and decides again."""
    match step:
        case job_steps.PlanJob():
            return _plan(job, turn)
        case job_steps.Look():
            return job_steps.SeenJob(observed_jobs.find_job(turn.cloud.bedrock, job.name))
        case job_steps.SendJob():
            _send(job, turn)
        case job_steps.Stop(arn):
            _stop(job, arn, turn)
        case job_steps.ReclaimJob(truth):
            _reclaim(job, truth, turn)
        case job_steps.Raise(reason):
            raise Unavailable("job_out_of_sight", f"Job {job.id}: {reason}.", job_id=job.id)
        case _:
            _move(step, job, turn)
    return None


def _move(step: job_steps.JobStep, job: Job, turn: _Turn) -> None:
    """Carry out a step that only changes rows."""
    match step:
        case job_steps.AdoptJob(truth):
            _save(job_states.adopt(job, truth.arn, "request", truth.created_at), turn)
        case job_steps.AskForData():
            if save_job.save(replace(job, data_asked_at=turn.now), turn.cloud, turn.now):
                prepare_for_job.ask(job, turn.cloud)
        case job_steps.Park(wait):
            parked = job_states.park(job, wait, turn.now)
            save_job.save(parked, turn.cloud, turn.now, running_job_slots.give_back(job))
        case job_steps.End(status, failure, code):
            _save(job_states.end(job, status, failure, turn.now, code=code), turn)


def _plan(job: Job, turn: _Turn) -> job_steps.Unprepared | None:
    planned = prepare_for_job.go_on(job, turn.cloud, turn.now)
    if planned is None:
        return job_steps.Unprepared()
    job, share = planned
    save_job.save(job, turn.cloud, turn.now, *reserve_budget.write(share))
    return None


def _send(job: Job, turn: _Turn) -> None:
    assert job.request is not None, "only a job that is Preparing has none, and that is never sent"
    first = _first_in_line(job, turn)
    if first:
        wait = wait_reasons.of_older(first, turn.cloud.settings.max_concurrent_jobs)
        _save(job_states.park(job, wait, turn.now), turn)
        return
    attempted = job_states.attempt(job, turn.now)
    slot = running_job_slots.take(job, turn.cloud.settings.max_concurrent_jobs)
    if not save_job.save(attempted, turn.cloud, turn.now, slot):
        _wait_for_slot(job, turn)
        return
    # If we crash from here on, `attempted_at` in the row makes the next delivery look in Bedrock before it sends again.
    sent = replace(attempted, revision=attempted.revision + 1)
    answer = start_training.create_job(turn.spender, job.request)
    told = _called(sent, "CreateModelCustomizationJob", answer, turn)
    match answer.outcome:
        case Done(arn):
            _save(job_states.adopt(told, arn, "request", turn.now), turn)
        case Refusal() as refusal:
            _save(job_states.refuse(told, refusal), turn)
        case Ambiguous(reason):
            logger.warning("the outcome of creating a job is unknown", extra={"job_id": job.id, "reason": reason})
            if told != sent:
                _save(told, turn)


def _first_in_line(job: Job, turn: _Turn) -> Job | None:
    """The older job that must start first, if any. A job that holds its slot already has had its turn."""
    if job.attempted_at:
        return None
    state, most = turn.cloud.state, turn.cloud.settings.max_concurrent_jobs
    older = job_queue.ahead(job.id, job_rows.line(state))  # before the slots: what is taken in between counts twice
    free = most - len(running_job_slots.taken(state)) if older else most
    found = (job_rows.load(state, job_id) for job_id in older)
    return job_queue.goes_first((each for each in found if each), free)


def _called(job: Job, operation: str, answer: AnsweredCall, turn: _Turn) -> Job:
    if answer.request_id is None:
        return job
    match answer.outcome:
        case Done():
            outcome = "accepted"
        case Refusal(code=code) | Ambiguous(reason=code):
            outcome = code
    return job_states.called(job, BedrockCall(turn.now, operation, outcome, answer.request_id))


def _wait_for_slot(job: Job, turn: _Turn) -> None:
    """Park the job, after a write failed for lack of a slot or because its row changed.

    In the second case this write fails as well, since the revision is no longer the one that was read.
    """
    wait = wait_reasons.of_cap(turn.cloud.settings.max_concurrent_jobs)
    _save(job_states.park(job, wait, turn.now), turn)


def _stop(job: Job, arn: str, turn: _Turn) -> None:
    told, status = _ask_to_stop(job, arn, turn)
    if status == "Stopping":
        _save(job_states.transition(told, "Stopping", "request", turn.now, "stop was asked for"), turn)
    else:  # it has ended: forget the wish, so that its end is followed like any other
        _save(replace(told, stop_requested=False), turn)


def _reclaim(job: Job, truth: JobTruth, turn: _Turn) -> None:
    logger.error("a job is in Bedrock that has ended here", extra={"job_id": job.id, "arn": truth.arn})
    if truth.status == "InProgress":
        job, status = _ask_to_stop(job, truth.arn, turn)
        if status != "Stopping":  # it has ended meanwhile: the next round looks for what it left
            _save(job, turn)
            return
        truth = replace(truth, status=status)
    _save(job_states.appear(job, truth, turn.source, turn.now), turn)


def _ask_to_stop(job: Job, arn: str, turn: _Turn) -> tuple[Job, JobStatus]:
    """Ask Bedrock to stop the job. Returns it with that call, and its status in Bedrock: Stopping, or its end.

    Raises Unavailable, to try again, while it may still run.
    """
    answer = start_training.stop_job(turn.spender, arn)
    outcome, told = answer.outcome, _called(job, "StopModelCustomizationJob", answer, turn)
    if isinstance(outcome, Done):
        return told, "Stopping"
    if isinstance(outcome, Refusal) and outcome.code in _ENDED_ALREADY:
        logger.warning("Bedrock does not stop the job", extra={"job_id": job.id, "code": outcome.code})
        truth = observed_jobs.get_job(turn.cloud.bedrock, arn)  # both codes have other reasons too
        if truth and truth.status != "InProgress":
            return told, truth.status
    reason = outcome.reason if isinstance(outcome, Ambiguous) else outcome.code
    raise Unavailable("stop_unanswered", f"Job {job.id} could not be stopped yet.", job_id=job.id, reason=reason)


def _save(job: Job, turn: _Turn) -> None:
    save_job.save(job, turn.cloud, turn.now)

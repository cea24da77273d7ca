"""Notifications about jobs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from tunedrop.domain.reports import next_commands, report_links
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.training import wait_reasons
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.job_states import Job, JobStatus, Wait

_TYPES: Mapping[JobStatus, str] = {
    "InProgress": "JobStarted",
    "Completed": "JobCompleted",
    "Failed": "JobFailed",
    "Stopped": "JobStopped",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a job waits for, the account's quotas that may be behind it, and until when it may still start."""

    wait: Wait
    quotas: tuple[Quota, ...]
    deadline: datetime


def of_wait(job: Job, waiting: Waiting, stack: str, now: datetime) -> Notification:
    """The notification that a job waits, once for each reason."""
    wait, until = waiting.wait, waiting.deadline.isoformat(timespec="seconds").replace("+00:00", "Z")
    remedy = wait_reasons.remedy(wait, waiting.quotas)
    return Notification(
        type="JobWaiting",
        id=fact_id(stack, "job", job.id, "JobWaiting", wait.code),
        stack=stack,
        time=now,
        summary=f"Job {job.id} waits ({_subject(job)}): {wait.reason.rstrip('.')}. {remedy} "
        f"If it has not started by {until}, it ends Failed and nothing is trained.",
        next_command=next_commands.show_job(job.id),
        facts=_facts(job, job.status)
        | {
            "wait_code": wait.code,
            "wait_reason": wait.reason,
            "remedy": remedy,
            "quotas": [{"code": each.code, "name": each.name, "value": each.value} for each in waiting.quotas],
            "deadline": until,
        },
    )


def of_appearance(job: Job, stack: str, now: datetime) -> Notification:
    """The notification that a job is in Bedrock although it has ended here: once when it is found, once at its end."""
    assert job.appeared is not None, "only a job that appeared is told of"
    status = job.appeared.status
    return Notification(
        type="JobAppeared",
        id=fact_id(stack, "job", job.id, "JobAppeared", status),
        stack=stack,
        time=now,
        summary=f"Job {job.id} had ended here as {job.status} ({_subject(job)}) and is in Bedrock after all, {status}: "
        f"a request without an answer took effect late. What was trained is charged; nothing is deployed. "
        f"{_appeared_model(job)}",
        next_command=next_commands.show_job(job.id),
        facts=_facts(job, job.status) | {"bedrock_status": status},
        resources=tuple(arn for arn in (job.arn, job.model_arn) if arn),
    )


def _appeared_model(job: Job) -> str:
    if job.model_arn:
        return f"Its custom model costs until it is deleted: {job.model_arn}."
    ended = job.appeared and job.appeared.has_ended
    return "It made no model." if ended else "Its end there is told of too."


def notification(job: Job, status: JobStatus, stack: str, now: datetime, *, bucket: str) -> Notification:
    """The notification that a job reached a status; its report, if there is one, lies in the bucket."""
    return Notification(
        type=_TYPES[status],
        id=fact_id(stack, "job", job.id, status),
        stack=stack,
        time=now,
        summary=_summary(job, status) + report_links.words(job.report_key, stack, bucket),
        next_command=_next_command(job, status),
        facts=_facts(job, status),
        resources=tuple(arn for arn in (job.arn, job.model_arn) if arn),
    )


def _facts(job: Job, status: JobStatus) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "status": status,
        "dataset": job.dataset,
        "version": job.version,
        "base_model": job.base_model,
        "owner": job.owner,
        "job_name": job.name,
        "job_arn": job.arn,
        "model_arn": job.model_arn,
        "failure": job.failure,
        "failure_code": job.failure_code,
        "trained_tokens_planned": job.trained_tokens,
        "cost": dict(job.cost) if job.cost is not None else None,
        "final_losses": dict(job.final_losses),
        "metric_points": dict(job.metric_counts),
        "diagnosis": None if job.diagnosis is None else [asdict(each) for each in job.diagnosis],
        "report_key": job.report_key,
        "deployment": job.deployment.name if job.deployment else None,
    }


def _summary(job: Job, status: JobStatus) -> str:
    model = _subject(job)
    match status:
        case "Completed":
            return f"Job {job.id} completed: {model} is tuned{_losses(job)}.{_diagnosis(job)}{_cost(job)}"
        case "Failed":
            return f"Job {job.id} failed ({model}): {job.failure or 'Bedrock gave no reason'}"
        case "Stopped":
            charged = "what was trained until then is charged" if job.arn else "it never reached Bedrock"
            return f"Job {job.id} was stopped ({model}); {charged}."
        case _:
            return f"Job {job.id} runs in Bedrock: {model}, {job.trained_tokens} tokens to train."


def _subject(job: Job) -> str:
    return f"{job.base_model} on {job.dataset}@{job.version}"


def _losses(job: Job) -> str:
    known = [f"{split} loss {loss:.4g}" for split, loss in job.final_losses.items() if loss is not None]
    return f", {', '.join(known)}" if known else ""


def _cost(job: Job) -> str:
    """What training cost by the stack's prices: unknown, never nothing, where they have none for it."""
    if job.cost is None:
        return ""
    if job.cost["amount"] is None:
        return " What it cost is unknown: the stack has no price for it."
    return f" It cost about {job.cost['amount']:,.2f} {job.cost['currency']}."


def _diagnosis(job: Job) -> str:
    """The most severe diagnosis that somebody should act on, and how many more there are."""
    grave = [each for each in job.diagnosis or () if each.severity != "info"]
    if not grave:
        return ""
    more = f" ({len(grave) - 1} more in the job's diagnosis.)" if len(grave) > 1 else ""
    return f" {grave[0].words} {grave[0].hint}{more}"


def _next_command(job: Job, status: JobStatus) -> str:
    if status == "Completed" and job.deployment:
        return next_commands.show_deployment(job.deployment.name)
    if job.failure_code == "plan_confirmation_required" and job.failure_details:
        return _confirm(job, job.failure_details["plan"]["plan_id"])
    if job.failure_code in {"price_unknown", "monthly_budget"}:
        return _confirm(replace(job, accept_unknown_price=job.failure_code == "price_unknown"), None)
    if job.failure_code == "dataset_rejected":
        return next_commands.show_dataset(job.dataset, job.version)
    return next_commands.show_job(job.id)


def _confirm(job: Job, plan_id: str | None) -> str:
    """The job's own request again, with the plan's id where that confirms it; its deadline may be over by then."""
    return next_commands.start_job(
        job.dataset,
        job.version,
        job.base_model,
        hyperparameters=job.hyperparameters,
        deployment=job.deployment,
        plan_id=plan_id,
        choices=replace(job, deadline=None),
    )

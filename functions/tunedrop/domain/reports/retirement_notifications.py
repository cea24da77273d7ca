"""Notification that the base model of a custom model retires. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.retirement import Retirement


@dataclass(frozen=True, slots=True)
class Affected:
    """A custom model whose base model retires."""

    job: Job
    deployments: Sequence[str]
    """The names of those that serve it."""
    instead: str | None
    """The base model to train on instead, if this Region has one that stays."""


def notification(affected: Affected, retirement: Retirement, stack: str, now: datetime) -> Notification:
    """What happens when, what it is to this model, and what to train on instead."""
    job, at = affected.job, retirement.at
    again = next_commands.start_job(job.dataset, job.version, affected.instead) if affected.instead else None
    return Notification(
        type="BaseModelRetiring",
        id=fact_id(stack, "retiring", job.intent_id, retirement.mark),
        stack=stack,
        time=now,
        summary=_summary(affected, retirement, now),
        next_command=again or next_commands.base_models(),
        facts={
            "base_model": job.base_model,
            "step": retirement.step,
            "at": at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None,
            "days_ahead": retirement.days_ahead,
            "train_instead": affected.instead,
            "model": job.name,
            "model_arn": job.model_arn,
            "deployments": list(affected.deployments),
            "job_id": job.id,
            "dataset": job.dataset,
            "version": job.version,
            "owner": job.owner,
        },
        resources=(job.model_arn,) if job.model_arn else (),
    )


def _summary(affected: Affected, retirement: Retirement, now: datetime) -> str:
    job, served = affected.job, ", ".join(affected.deployments)
    means = {
        "legacy": "no new Provisioned Throughput can be bought for it, and nothing more tuned from that base model",
        "end": "it answers nobody any more",
    }[retirement.step]
    by = f", which {served} serve{'' if len(affected.deployments) > 1 else 's'}," if served else ""
    instead = (
        f"train on {affected.instead} instead" if affected.instead else "this Region has nothing to train on instead"
    )
    return f"{job.base_model} {_when(retirement, now)}. For custom model {job.name}{by} that means: {means}; {instead}."


def _when(retirement: Retirement, now: datetime) -> str:
    is_over = retirement.at is None or retirement.at <= now
    day = f" {retirement.at.date().isoformat()}" if retirement.at else ""
    if retirement.step == "legacy":
        return f"has been Legacy{' since' if day else ''}{day}" if is_over else f"becomes Legacy on{day}"
    return f"reached its end of life on{day}" if is_over else f"reaches its end of life on{day}"

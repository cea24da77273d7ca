"""Changes of a job: its phases, its bill, and the event that announces each change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bedrock_simulator import foundation_models
from bedrock_simulator.entities import Job, Phase
from bedrock_simulator.exchange import Event
from bedrock_simulator.world import World

MAX_FAILURE_MESSAGE = 2_048


def map_phases(job: Job, statuses: Mapping[str, str], now: datetime) -> Job:
    """Return the job with its phases moved from one status to another, as `statuses` maps them."""

    def moved(phase: Phase) -> Phase:
        status = statuses.get(phase.status)
        return replace(phase, status=status, modified_at=now) if status else phase

    return replace(
        job,
        validation=moved(job.validation),
        data_processing=moved(job.data_processing),
        training=moved(job.training),
    )


def fail(world: World, job: Job, reason: str, now: datetime) -> None:
    """End a job as Failed. It is not charged (docs/facts.md#job-states)."""
    failed = replace(
        map_phases(job, {"InProgress": "Failed"}, now),
        status="Failed",
        failure=reason[:MAX_FAILURE_MESSAGE],
        modified_at=now,
        ended_at=now,
        training_until=None,
    )
    world.jobs[job.arn] = failed
    world.outcomes.pop(job.arn, None)
    world.stop_charging(job.arn, now)
    announce(world, failed)


def end_bill(world: World, job: Job, now: datetime) -> None:
    """Close a job's bill with the tokens trained so far."""
    outcome = world.outcomes.pop(job.arn, None)
    tokens = 0
    if outcome and job.training.created_at and job.training_until:
        whole = (job.training_until - job.training.created_at).total_seconds()
        passed = (now - job.training.created_at).total_seconds()
        tokens = round(outcome.trained_tokens * min(1.0, passed / whole if whole else 1.0))
    world.charge(replace(world.bills[job.arn], ended_at=now, trained_tokens=tokens))


def announce(world: World, job: Job) -> None:
    """Put the event of a job's current status into the outbox (docs/facts.md#job-events)."""
    world.outbox.append(
        Event(
            account=job.account,
            region=job.region,
            source="aws.bedrock",
            detail_type="Model Customization Job State Change",
            resources=(job.arn,),
            detail=_detail(job),
            time=job.modified_at,
        )
    )


def _detail(job: Job) -> dict[str, Any]:
    """The event's own shape: jobStatus, and {s3Uri} instead of the API's {validators}."""
    detail = {
        "version": "0.0",
        "jobName": job.name,
        "jobArn": job.arn,
        "outputModelName": job.model_name,
        "outputModelArn": job.model_arn,
        "roleArn": job.role_arn,
        "jobStatus": job.status,
        "failureMessage": job.failure,
        "creationTime": _second(job.created_at),
        "lastModifiedTime": _second(job.modified_at),
        "endTime": _second(job.ended_at) if job.ended_at else None,
        "baseModelArn": foundation_models.arn(job.base_model_id, job.region),
        "hyperParameters": dict(job.hyperparameters),
        "trainingDataConfig": {"s3Uri": job.training_uri},
        "validationDataConfig": {"s3Uri": job.validation_uris[0]} if job.validation_uris else None,
        "outputDataConfig": {"s3Uri": job.output_uri},
    }
    return {name: value for name, value in detail.items() if value is not None}


def _second(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

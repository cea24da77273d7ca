"""The rows of a new job, and of the purchase that waits for it, as values: names, tokens and the exact request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import tunedrop
from tunedrop.base_models.catalogue import BaseModel
from tunedrop.edges.settings import Settings
from tunedrop.serving.deployments import Deployment, HistoryEntry
from tunedrop.serving.purchases import Purchase
from tunedrop.training import names, requests
from tunedrop.training.jobs import DeploymentWish, Job, TimelineEntry, TrainedOn
from tunedrop.training.plan import Plan, PreparedSplit, PreparedVersion


@dataclass(frozen=True, slots=True)
class Intent:
    """What one request for a job writes, all of it or nothing."""

    job: Job
    head: Deployment | None
    purchase: Purchase | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an intent comes from."""

    job_id: str
    caller: str
    settings: Settings
    now: datetime
    new_id: Callable[[], str]


def make(
    plan: Plan, prepared: PreparedVersion, base_model: BaseModel, head: Deployment | None, origin: Origin
) -> Intent:
    """The intent of a plan. `head`: the ended deployment whose name is used again."""
    generation = (head.generation if head else 0) + 1 if plan.deployment else None
    job = replace(_job(plan, prepared, base_model, origin), deployment_generation=generation)
    if plan.deployment is None or generation is None:
        return Intent(job, None, None)
    new_head = _head(job, plan.deployment, generation, head.revision if head else 0)
    return Intent(job, new_head, _purchase(job, plan.deployment, generation, origin))


def _job(plan: Plan, prepared: PreparedVersion, base_model: BaseModel, origin: Origin) -> Job:
    intent_id = origin.new_id()
    request = _request(plan, prepared, base_model, origin, intent_id)
    return Job(
        id=origin.job_id,
        dataset=plan.dataset,
        version=plan.version,
        base_model=plan.base_model,
        hyperparameters=plan.hyperparameters,
        status="Requested",
        intent_id=intent_id,
        token=request["clientRequestToken"],
        name=request["jobName"],
        owner=prepared.owner or origin.caller,
        requested_by=origin.caller,
        created_at=origin.now,
        request=request,
        splits=_splits(prepared, request),
        trained_tokens=plan.trained_tokens,
        steps=plan.steps,
        cost=plan.cost,
        deployment=plan.deployment,
        timeline=(TimelineEntry(origin.now, "Requested", "request"),),
    )


def _request(
    plan: Plan, prepared: PreparedVersion, base_model: BaseModel, origin: Origin, intent_id: str
) -> dict[str, Any]:
    settings = origin.settings
    tags = names.tags(
        stack=settings.stack_id,
        dataset=plan.dataset,
        version=plan.version,
        job=origin.job_id,
        owner=prepared.owner or origin.caller,
        intent=intent_id,
        release=tunedrop.__version__,
    )
    return requests.create_job(
        base_model=base_model,
        name=names.lineage(plan.dataset, plan.version, settings.stack_uid, intent_id),
        token=names.token(settings.stack_uid, intent_id),
        role_arn=settings.bedrock_role_arn,
        key_arn=settings.model_key_arn,
        bucket=settings.data_bucket,
        train_key=prepared.train.key,
        validation_key=prepared.validation.key if prepared.validation else None,
        output_prefix=names.output_prefix(plan.dataset, plan.version, origin.job_id),
        hyperparameters=plan.hyperparameters,
        tags=tags,
    )


def _splits(prepared: PreparedVersion, request: Mapping[str, Any]) -> Mapping[str, TrainedOn]:
    used = {"train": prepared.train}
    if prepared.validation and "validationDataConfig" in request:
        used["validation"] = prepared.validation
    return {name: _trained_on(split) for name, split in used.items()}


def _trained_on(split: PreparedSplit) -> TrainedOn:
    return TrainedOn(split.key, split.version_id, split.sha256, split.bytes, split.records)


def _head(job: Job, wish: DeploymentWish, generation: int, revision: int) -> Deployment:
    return Deployment(
        name=wish.name,
        state="Creating",
        serving=wish.serving,
        base_model=job.base_model,
        job_id=job.id,
        dataset=job.dataset,
        version=job.version,
        generation=generation,
        owner=job.owner,
        model_units=wish.model_units,
        created_at=job.created_at,
        history=(HistoryEntry(job.created_at, "Creating", f"waits for job {job.id}"),),
        revision=revision,
    )


def _purchase(job: Job, wish: DeploymentWish, generation: int, origin: Origin) -> Purchase:
    stack_uid, intent_id = origin.settings.stack_uid, origin.new_id()
    return Purchase(
        deployment=wish.name,
        generation=generation,
        state="planned",
        intent_id=intent_id,
        token=names.token(stack_uid, intent_id),
        name=names.lineage(job.dataset, job.version, stack_uid, intent_id),
        serving=wish.serving,
        model_units=wish.model_units,
        hours=wish.hours,
        job_id=job.id,
        dataset=job.dataset,
        version=job.version,
        owner=job.owner,
        created_at=job.created_at,
    )

"""Draft the rows of a new job and of the purchase that waits for it: names, tokens and the exact request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import tunedrop
from tunedrop.actions.evaluations.plan_gate import PlannedGate
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving import generation_drafts
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training import job_plan, job_request, job_states, names_tokens_tags
from tunedrop.domain.training.job_plan import PreparedSplit, PreparedVersion, UnpreparedVersion
from tunedrop.domain.training.job_states import DeploymentWish, Job, TrainedOn
from tunedrop.domain.training.start_request import StartJob
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.settings import Settings


@dataclass(frozen=True, slots=True)
class WantedJob:
    """What a request determines by itself, before its data is looked at."""

    request: StartJob
    base_model: BaseModel
    base_model_arn: str | None
    """The custom model that is tuned further, if any."""
    hyperparameters: Mapping[str, str]
    deployment: DeploymentWish | None
    gate: PlannedGate | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """The rows that one request writes in one transaction; `head` and `purchase` only if it wants a deployment."""

    job: Job
    head: Deployment | None
    purchase: Purchase | None
    evaluation: Evaluation | None = None
    """That decides whether the deployment goes live."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who requested the job, when, and under which id."""

    job_id: str
    caller: str
    request_id: str | None
    """ControlApi's; None: no request started it."""
    now: datetime


def make(
    wanted: WantedJob,
    data: PreparedVersion | UnpreparedVersion,
    head: Deployment | None,
    origin: Origin,
    cloud: Cloud,
) -> Intent:
    """The intent of a request. The job is Preparing if its data is not prepared for the base model yet.

    `head`: the ended deployment whose name is reused, if any. Raises Conflict if the plan must be confirmed first.
    """
    job = _job(wanted, data, origin, cloud)
    if isinstance(data, UnpreparedVersion):
        job = job_states.note(replace(job, data_asked_at=origin.now), "request", origin.now, "")
    else:
        gate_plan_id = wanted.gate.planned.plan.plan_id if wanted.gate else None
        job = ordered(job, data, cloud.settings, origin.now, gate_plan_id=gate_plan_id)
    if wanted.deployment is None:
        return Intent(job, None, None)
    beginning = generation_drafts.Beginning(
        deployment_rows.next_generation(cloud.state, head),
        cloud.new_id(),
        cloud.settings.stack_uid,
        job.created_at,
        f"waits for job {job.id}",
        Author(origin.caller, origin.request_id),
        accept_unknown_price=job.accept_unknown_price,
    )
    new_head, purchase = generation_drafts.draft(job, wanted.deployment, head, beginning)
    job = replace(job, deployment_generation=purchase.generation)
    if wanted.gate is None:
        return Intent(job, new_head, purchase)
    purchase, evaluation = wanted.gate.draft(purchase, job, origin.caller, cloud)
    return Intent(replace(job, evaluation_id=evaluation.id), replace(new_head, hidden="Creating"), purchase, evaluation)


def ordered(
    job: Job, prepared: PreparedVersion, settings: Settings, now: datetime, *, gate_plan_id: str | None = None
) -> Job:
    """The job with its plan and its exact request, in status Requested.

    `gate_plan_id`: of the evaluation that decides whether its deployment goes live, which is part of the plan.

    Raises Conflict if the plan must be confirmed first, InvalidInput if the catalogue lost the base model since.
    """
    base_model = catalogue.find(job.base_model)
    planned = job_plan.make(
        prepared,
        base_model,
        job.hyperparameters,
        job.deployment,
        prices=settings.prices,
        currency=settings.currency,
        from_job=job.from_job,
        gate_plan_id=gate_plan_id,
    )
    job_plan.confirm(planned, job.plan_id, settings.max_trained_tokens_per_job)
    request = _request(job, prepared, base_model, settings)
    known = replace(
        job,
        request=request,
        splits=_splits(prepared, request),
        trained_tokens=planned.trained_tokens,
        steps=planned.steps,
        cost=planned.cost,
    )
    return job_states.transition(known, "Requested", "request", now)


def _job(wanted: WantedJob, data: PreparedVersion | UnpreparedVersion, origin: Origin, cloud: Cloud) -> Job:
    intent_id, stack_uid, request = cloud.new_id(), cloud.settings.stack_uid, wanted.request
    return Job(
        id=origin.job_id,
        dataset=data.name,
        version=data.version,
        base_model=wanted.base_model.name,
        hyperparameters=wanted.hyperparameters,
        status="Preparing",
        intent_id=intent_id,
        token=names_tokens_tags.token(stack_uid, intent_id),
        name=names_tokens_tags.lineage(data.name, data.version, stack_uid, intent_id),
        owner=data.owner or origin.caller,
        requested_by=origin.caller,
        created_at=origin.now,
        plan_id=request.plan_id,
        sweep=request.sweep,
        from_job=request.from_job,
        base_model_arn=wanted.base_model_arn,
        deadline=request.deadline,
        tags=request.tags,
        kms_key_arn=request.kms_key_arn,
        vpc=request.vpc,
        accept_unknown_price=request.accept_unknown_price,
        skipped_versions=data.skipped,
        deployment=wanted.deployment,
        evaluation=request.evaluation,
    )


def _request(job: Job, prepared: PreparedVersion, base_model: BaseModel, settings: Settings) -> dict[str, Any]:
    tags = names_tokens_tags.tags(
        stack=settings.stack_id,
        dataset=job.dataset,
        version=job.version,
        job=job.id,
        owner=job.owner,
        intent=job.intent_id,
        release=tunedrop.__version__,
    )
    return job_request.create_job(
        base_model=base_model,
        base_model_arn=job.base_model_arn,
        name=job.name,
        token=job.token,
        role_arn=settings.bedrock_role_arn,
        key_arn=job.kms_key_arn or settings.model_key_arn,
        vpc=job.vpc,
        bucket=settings.data_bucket,
        train_key=prepared.train.key,
        validation_key=prepared.validation.key if prepared.validation else None,
        output_prefix=names_tokens_tags.output_prefix(job.dataset, job.version, job.id),
        hyperparameters=job.hyperparameters,
        tags={**job.tags, **tags},
    )


def _splits(prepared: PreparedVersion, request: Mapping[str, Any]) -> Mapping[str, TrainedOn]:
    used = {"train": prepared.train}
    if prepared.validation and "validationDataConfig" in request:
        used["validation"] = prepared.validation
    return {name: _trained_on(split) for name, split in used.items()}


def _trained_on(split: PreparedSplit) -> TrainedOn:
    return TrainedOn(split.key, split.version_id, split.sha256, split.bytes, split.records)

"""Custom models: `GET /models`, `GET` and `DELETE /models/{name}`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.jobs import delete_model, read_models
from tunedrop.actions.jobs.read_models import ServedModel
from tunedrop.domain.training.job_filter import JobFilter
from tunedrop.domain.training.model_deletion import ModelDeletion
from tunedrop.routes.deletion_routes import DeploymentLeftAnswer
from tunedrop.routes.evaluation_answers import ModelEvaluationAnswer
from tunedrop.routes.job_answers import TrainedOnAnswer
from tunedrop.routes.route_basics import AnswerModel, Cursor, Limit, PlanOnly, Request

router = APIGatewayRouter()


class StorageCostAnswer(AnswerModel):
    """What keeping a custom model costs, estimated by the stack's Prices."""

    month: float | None = Field(description="null: no price is configured")
    currency: str


class ModelDeletionAnswer(AnswerModel):
    """How far the deletion of a custom model has come."""

    asked_by: str
    asked_at: datetime
    deleted_at: datetime | None = Field(description="null: not yet")
    code: str | None = Field(None, description="Why it was given up: the model stays, and may be deleted later")
    message: str | None = None


class ModelAnswer(AnswerModel):
    """A custom model."""

    name: str
    model_arn: str
    job_id: str
    from_job: str | None = Field(description="The job whose model it was tuned further from")
    dataset: str
    version: int
    base_model: str
    owner: str
    created_at: datetime
    splits: dict[str, TrainedOnAnswer] = Field(description="The data it learned from, by split, with its digests")
    storage_cost: StorageCostAnswer
    deployments: list[DeploymentLeftAnswer] = Field(description="Those that serve it and have not ended")
    deletion: ModelDeletionAnswer | None = Field(None, description="If this stack was ever asked to delete it")
    is_there: bool | None = Field(
        description="Whether Bedrock still has it; null: not known, as where a list may lag behind a new model"
    )
    missed_at: datetime | None = Field(
        None, description="When Bedrock was first seen without it, though nobody had this stack delete it"
    )
    is_erased: bool | None = Field(
        None, description="Whether data it learned from is erased, so that it is not served again; null in a list"
    )
    evaluations: list[ModelEvaluationAnswer] | None = Field(
        None, description="The last ones in which it took part, newest first, at most 10; null in a list"
    )


class ModelsAnswer(AnswerModel):
    """A page of custom models, newest first."""

    models: list[ModelAnswer]
    cursor: str | None


@router.get("/models", summary="List custom models")
def list_models(
    *,
    limit: Limit = 20,
    cursor: Cursor = None,
    dataset: Annotated[str | None, Query(description="Only models trained on this dataset")] = None,
    base_model: Annotated[str | None, Query(description="Only models of this base model")] = None,
    owner: Annotated[str | None, Query(description="Only models of this owner")] = None,
) -> ModelsAnswer:
    """Custom models that this stack made, newest first. A page may hold fewer than `limit` and still have a cursor."""
    wanted = JobFilter(dataset=dataset, base_model=base_model, owner=owner)
    page = read_models.list_models(limit, cursor, Request.of(router).cloud, wanted)
    return ModelsAnswer(models=[_answer(model) for model in page.models], cursor=page.cursor)


@router.get("/models/<name>", summary="Read a custom model")
def get_model(name: str) -> ModelAnswer:
    """A custom model: the job and the data that made it, what storing it costs, and what serves it."""
    return _answer(read_models.get(name, Request.of(router).cloud))


@router.delete(
    "/models/<name>",
    summary="Delete a custom model",
    responses={
        200: {"description": "With ?plan=true: the model that would be deleted"},
        202: {"description": "Requested", "content": {"application/json": {"model": ModelAnswer}}},
        409: {"description": "Something serves it, or learns from it"},
    },
)
def delete_model_(name: str, plan: PlanOnly = False) -> Response[ModelAnswer]:
    """Delete a custom model in Bedrock, for good. Refused while something serves it, or a job tunes it further.

    Repeating the request changes nothing. `?plan=true` checks the same, and changes nothing either.
    """
    request = Request.of(router)
    if plan:
        return Response(HTTPStatus.OK, "application/json", _answer(delete_model.plan(name, request.cloud)))
    asked = delete_model.ask(name, request.cloud, caller=request.caller)
    return Response(HTTPStatus.ACCEPTED, "application/json", _answer(asked))


def _answer(model: ServedModel) -> ModelAnswer:
    job = model.job
    return ModelAnswer(
        name=job.name,
        model_arn=job.model_arn or "",
        job_id=job.id,
        from_job=job.from_job,
        dataset=job.dataset,
        version=job.version,
        base_model=job.base_model,
        owner=job.owner,
        created_at=job.ended_at or job.created_at,
        splits={name: TrainedOnAnswer.of(split) for name, split in (job.splits or {}).items()},
        storage_cost=StorageCostAnswer(month=model.storage_cost, currency=model.currency),
        deployments=[DeploymentLeftAnswer.of(each) for each in model.deployments],
        deletion=_deletion(job.model_deletion),
        is_there=model.is_there,
        missed_at=job.model_missed_at,
        is_erased=model.is_erased,
        evaluations=None
        if model.evaluations is None
        else [ModelEvaluationAnswer.of(each) for each in model.evaluations],
    )


def _deletion(found: ModelDeletion | None) -> ModelDeletionAnswer | None:
    if found is None:
        return None
    refusal = found.refusal
    return ModelDeletionAnswer(
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        deleted_at=found.deleted_at,
        code=refusal.code if refusal else None,
        message=refusal.message if refusal else None,
    )

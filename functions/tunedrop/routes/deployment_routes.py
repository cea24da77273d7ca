"""Deployments: `GET /deployments`, `GET` and `DELETE /deployments/{name}`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.deployments import read_deployments
from tunedrop.actions.deployments.release_deployment import release
from tunedrop.routes.route_basics import AnswerModel, Cursor, Limit, Request

router = APIGatewayRouter()


class HistoryAnswer(AnswerModel):
    """One change of a deployment's state, and why."""

    time: datetime
    state: str
    note: str


class DeploymentAnswer(AnswerModel):
    """A named way to call a custom model."""

    name: str
    state: str = Field(description="Creating, Ready, Updating, Releasing, Released or Failed")
    serving: str
    base_model: str
    dataset: str
    version: int
    job_id: str
    model_arn: str | None
    arn: str | None = Field(description="The modelId to invoke")
    model_units: int = Field(description="Billed by the hour; 0 for on-demand")
    generation: int
    owner: str
    created_at: datetime
    expires_at: datetime | None = Field(description="When it is released automatically")
    failure: str | None
    history: list[HistoryAnswer]


class DeploymentsAnswer(AnswerModel):
    """A page of deployments, newest first."""

    deployments: list[DeploymentAnswer]
    cursor: str | None


@router.get("/deployments", summary="List deployments")
def list_deployments(limit: Limit = 20, cursor: Cursor = None) -> DeploymentsAnswer:
    """Deployments, released ones included, newest first."""
    page = read_deployments.list_deployments(limit, cursor, Request.of(router).cloud)
    return DeploymentsAnswer.of(page)


@router.get("/deployments/<name>", summary="Read a deployment")
def get_deployment(name: str) -> DeploymentAnswer:
    """A deployment, its state and its history."""
    return DeploymentAnswer.of(read_deployments.get(name, Request.of(router).cloud))


@router.delete("/deployments/<name>", summary="Release a deployment", responses={202: {"description": "Requested"}})
def release_deployment(name: str) -> Response[DeploymentAnswer]:
    """Request the release of a deployment's capacity. Repeating the request changes nothing."""
    request = Request.of(router)
    released = release(name, request.cloud, caller=request.caller)
    return Response(HTTPStatus.ACCEPTED, "application/json", DeploymentAnswer.of(released))

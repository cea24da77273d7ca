"""Deployments: `GET /deployments`, `GET`, `PUT` and `DELETE /deployments/{name}`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.deployments import (
    approve_deployment,
    plan_deployment,
    put_deployment,
    read_deployments,
    read_orphans,
    release_deployment,
)
from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.serving.commitments import GivenApproval
from tunedrop.domain.serving.deployment_filter import DeploymentFilter
from tunedrop.domain.serving.deployment_states import Deployment, ShownState
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.serving.terms import Term
from tunedrop.edges.cloud import Cloud
from tunedrop.errors import InvalidInput
from tunedrop.routes import deployment_answers, idempotency, orphan_answers
from tunedrop.routes.deployment_answers import (
    DeploymentAnswer,
    DeploymentPlanAnswer,
    DeploymentsAnswer,
    ReleasePlanAnswer,
)
from tunedrop.routes.evaluation_wish import EvaluationWishBody
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.route_basics import (
    Body,
    Cursor,
    Flag,
    IdempotencyKey,
    Limit,
    Moment,
    PlanOnly,
    Request,
    Whole,
    added,
    data,
    once,
    required,
)

router = APIGatewayRouter()


class PutDeploymentBody(Body):
    """What a deployment should be. A field that is left out stays as it is, or gets its default."""

    job_id: str | None = Field(None, description="The Completed job whose custom model it serves")
    model: str | None = Field(None, description="The same by the custom model's name or ARN")
    serving: Serving | None = Field(
        None, description="Default: on_demand wherever the base model has it. Fixed until it is released"
    )
    model_units: Whole | None = Field(
        None, description="Provisioned Throughput only. Default: 1. Fixed until it is released"
    )
    hours: Whole | None = Field(
        None, description="From the purchase to its release, 1 to 168. Default: the stack's DeploymentHours"
    )
    expires_at: Moment | None = Field(
        None, description="When it is released, instead of `hours`; at most 168 hours ahead, and renewed by a later one"
    )
    no_end: Flag = added(False, description="Until somebody releases it, instead of either. On demand only")
    second_unit: Flag = added(
        False,
        description="Buys another unit for what can't be changed in place; it takes over once it is Ready, or its gate "
        "passed. Both are billed until the one before is given back",
    )
    idle_minutes: Whole | None = Field(
        None,
        description="Released once nobody has called it for so long, 10 to 10080; 0, the default: only at its end",
    )
    on_budget: OnBudget | None = added(
        None, description="When the month's budget is exceeded: `notify` (default), or `release`"
    )
    accept_unknown_price: Flag = added(
        False, description="Under a MonthlyBudget: buy although the price is not configured; it then does not count"
    )
    arn: str | None = added(
        None,
        description="Instead of a model: the throughput or custom-model deployment that exists already, serves a "
        "custom model of this stack, has its tag, and becomes this deployment's. Nothing is bought",
    )
    commitment: Term | None = added(
        None,
        description="Buys it for this whole term, which nobody can cut short: where the stack allows it, with the "
        "plan_id, and once another person has approved it",
    )
    evaluation: EvaluationWishBody | None = added(
        None,
        description="Decides whether what is bought goes live; where the name serves another model, that goes on until "
        "the gate has passed",
    )
    plan_id: str | None = Field(None, description="Does exactly what the plan with this id says, or nothing")

    def asked(self, name: str) -> PutDeployment:
        """The same as an action's argument."""
        evaluation = self.evaluation.asked() if self.evaluation else None
        return PutDeployment(name, **self.model_dump(exclude={"evaluation"}), evaluation=evaluation)


class ApproveDeploymentBody(Body):
    """The approval of a commitment, by another person than who asked for it."""

    term: Term = Field(description="Of the commitment, once more: of another one nothing is approved")
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S", description="Why, for whoever reads of it later")
    plan_id: str = Field(description="As the deployment's approval shows it: approves exactly that plan, or nothing")


@router.get("/deployments", summary="List deployments")
def list_deployments(
    *,
    limit: Limit = 20,
    cursor: Cursor = None,
    state: Annotated[ShownState | None, Query(description="Only deployments in this state")] = None,
    serving: Annotated[Serving | None, Query(description="Only deployments that are served in this way")] = None,
    dataset: Annotated[str | None, Query(description="Only deployments of models trained on this dataset")] = None,
    base_model: Annotated[str | None, Query(description="Only deployments of models of this base model")] = None,
    owner: Annotated[str | None, Query(description="Only deployments of this owner")] = None,
    orphans: Annotated[bool, Query(description="Instead: what Bedrock has and no deployment owns")] = False,
) -> DeploymentsAnswer:
    """Deployments, ended ones included, newest first, with what each costs an hour and has cost so far.

    A filtered page may hold fewer than `limit` and still have a cursor. With `orphans=true`, `deployments` is empty,
    and `orphans` and `foreign` have all of what Bedrock has in this Region and no deployment owns.
    """
    wanted = DeploymentFilter(state, serving, dataset, base_model, owner)
    if orphans:
        return _orphans(wanted, cursor)
    page = read_deployments.list_deployments(limit, cursor, Request.of(router).cloud, wanted)
    told = [deployment_answers.deployment(each) for each in page.deployments]
    return DeploymentsAnswer(deployments=told, cursor=page.cursor, orphans=None, foreign=None)


def _orphans(wanted: DeploymentFilter, cursor: str | None) -> DeploymentsAnswer:
    if cursor is not None or not wanted.takes_all:
        words = "orphans=true lists everything at once: leave the cursor and the filters out."
        raise InvalidInput("orphans_alone", words, field="orphans")
    found = read_orphans.list_orphans(Request.of(router).cloud)
    ours, foreign = map(orphan_answers.ours, found.ours), map(orphan_answers.foreign, found.foreign)
    return DeploymentsAnswer(deployments=[], cursor=None, orphans=list(ours), foreign=list(foreign))


@router.get("/deployments/<name>", summary="Read a deployment")
def get_deployment(name: str) -> DeploymentAnswer:
    """A deployment, its state, what it costs and its history."""
    cloud = Request.of(router).cloud
    return _told(read_deployments.get(name, cloud), cloud)


@router.put(
    "/deployments/<name>",
    summary="Say what a deployment should be",
    responses={
        200: {
            "description": "It is so now, or was so already. With ?plan=true: what the request would do",
            "content": {"application/json": {"model": DeploymentAnswer | DeploymentPlanAnswer}},
        },
        202: {"description": "Requested", "content": {"application/json": {"model": DeploymentAnswer}}},
    },
)
def put_deployment_(
    name: str,
    body: Annotated[PutDeploymentBody, FromBody()],
    plan: PlanOnly = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[DeploymentAnswer | DeploymentPlanAnswer]:
    """Serve a custom model that exists, swap it in place, or give it another end. Requires an Idempotency-Key.

    The same body again changes nothing. Everything that can be checked is checked before money is spent. `?plan=true`
    checks the same and answers what would happen and what it costs; it changes nothing and needs no key.
    """
    request = Request.of(router)
    if plan:
        if idempotency_key is not None:
            idempotency.check(idempotency_key)
        planned = plan_deployment.plan(body.asked(name), request.cloud)
        return Response(HTTPStatus.OK, "application/json", deployment_answers.plan(planned))

    def run(intent_id: str) -> Answer:
        outcome = put_deployment.put(body.asked(name), request.cloud, intent_id=intent_id, author=request.author)
        requested = {"create", "adopt", "swap", "replace", "withdraw"} & set(outcome.changes)
        status = HTTPStatus.ACCEPTED if requested else HTTPStatus.OK
        return Answer(status, data(_told(outcome.deployment, request.cloud)))

    return once(
        request, f"PUT /deployments/{name}", required(idempotency_key), body=body, run=run, model=DeploymentAnswer
    )


@router.delete(
    "/deployments/<name>",
    summary="Release a deployment",
    responses={
        200: {
            "description": "With ?plan=true: what the request would end",
            "content": {"application/json": {"model": ReleasePlanAnswer}},
        },
        202: {"description": "Requested", "content": {"application/json": {"model": DeploymentAnswer}}},
        409: {"description": "It has a commitment that is not over"},
    },
)
def delete_deployment(
    name: str,
    plan: PlanOnly = False,
    now: Annotated[bool, Query(description="Without waiting for calls that are still answered")] = False,
) -> Response[DeploymentAnswer | ReleasePlanAnswer]:
    """Request the release of a deployment's capacity; its custom model stays. Repeating the request changes nothing.

    New calls are refused at once. Those that it took are answered first, for six minutes at most; `?now=true` cuts
    them off.
    `?plan=true` answers what would end, what it has cost and which API keys may call it; it changes nothing.
    """
    request = Request.of(router)
    if plan:
        planned = release_deployment.plan(name, request.cloud)
        return Response(HTTPStatus.OK, "application/json", deployment_answers.release_plan(planned))
    released = release_deployment.release(name, request.cloud, author=request.author, at_once=now)
    return Response(HTTPStatus.ACCEPTED, "application/json", _told(released, request.cloud))


@router.post(
    "/deployments/<name>/approve",
    summary="Approve a commitment",
    responses={
        202: {"description": "Requested", "content": {"application/json": {"model": DeploymentAnswer}}},
        409: {"description": "Nothing waits for an approval, or not for this one, or not of this caller"},
    },
)
def approve_deployment_(
    name: str, body: Annotated[ApproveDeploymentBody, FromBody()], idempotency_key: IdempotencyKey = None
) -> Response[DeploymentAnswer]:
    """Approve a commitment that another person asked for. Requires an Idempotency-Key.

    It is bought then, once, and nobody can end it before its term does. Repeating the request changes nothing.
    """
    request = Request.of(router)
    given = GivenApproval(body.term, body.reason, body.plan_id)

    def run(_: str) -> Answer:
        approved = approve_deployment.approve(name, given, request.cloud, author=request.author)
        return Answer(HTTPStatus.ACCEPTED, data(_told(approved, request.cloud)))

    route = f"POST /deployments/{name}/approve"
    return once(request, route, required(idempotency_key), body=body, run=run, model=DeploymentAnswer)


def _told(deployment: Deployment, cloud: Cloud) -> DeploymentAnswer:
    return deployment_answers.deployment(read_deployments.priced(deployment, cloud))

"""Evaluations: `POST` and `GET /evaluations`, `GET /evaluations/{id}`, `POST /evaluations/{id}/stop`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.evaluations import plan_evaluation, read_evaluations
from tunedrop.actions.evaluations.start_evaluation import start
from tunedrop.actions.evaluations.stop_evaluation import stop
from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.evaluation_request import BASE, StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient
from tunedrop.edges.cloud import Cloud
from tunedrop.routes import idempotency
from tunedrop.routes.evaluation_answers import (
    EvaluationAnswer,
    EvaluationPlanAnswer,
    EvaluationsAnswer,
    WholeEvaluationAnswer,
)
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.route_basics import (
    Body,
    Cursor,
    IdempotencyKey,
    Limit,
    PlanOnly,
    Request,
    Whole,
    data,
    once,
    required,
)

router = APIGatewayRouter()


class EvaluationBody(Body):
    """What to evaluate, against what."""

    dataset: str = Field(description="Whose test split is asked")
    version: Whole | None = Field(None, description="Default: the newest accepted one")
    candidate: str = Field(description="The deployment or base model that is judged")
    against: list[str] = Field(
        [BASE],
        min_length=1,
        max_length=plan_evaluation.MOST_CANDIDATES - 1,
        description="What it is judged against, the one that decides first: deployments, base models, or `base`, the "
        "candidate's own base model",
    )
    metric: MetricName | None = Field(None, description="Default: the one that fits the right answers")
    margin: float = Field(0.03, gt=0, lt=1, description="The difference of mean scores that makes no difference")
    gate: Gate = Field("none", description="What the verdict has to be for the gate to pass")
    on_insufficient: OnInsufficient = Field("hold", description="What the gate does with too little evidence")
    max_records: Whole = Field(1_000, ge=1, le=5_000, description="The most records to ask")
    plan_id: str | None = Field(None, description="Does exactly what the plan with this id says, or nothing")

    def asked(self) -> StartEvaluation:
        """The same as an action's argument."""
        return StartEvaluation(
            dataset=self.dataset,
            candidate=self.candidate,
            against=tuple(self.against),
            version=self.version,
            metric=self.metric,
            margin=self.margin,
            gate=self.gate,
            on_insufficient=self.on_insufficient,
            max_records=self.max_records,
            plan_id=self.plan_id,
        )


@router.post(
    "/evaluations",
    summary="Start an evaluation",
    responses={
        200: {
            "description": "With ?plan=true: what the request would do",
            "content": {"application/json": {"model": EvaluationPlanAnswer}},
        },
        202: {"description": "Requested", "content": {"application/json": {"model": EvaluationAnswer}}},
        404: {"description": "No such dataset, version, deployment or base model"},
    },
)
def start_evaluation(
    body: Annotated[EvaluationBody, FromBody()],
    plan: PlanOnly = False,
    idempotency_key: IdempotencyKey = None,
) -> Response[EvaluationAnswer | EvaluationPlanAnswer]:
    """Ask candidates the test split of one version, and judge their answers. Requires an Idempotency-Key.

    Everything that can be checked is checked before anybody is asked. `?plan=true` checks the same and answers what
    would be asked, what it can show and what it may cost; it asks nobody and needs no key.
    """
    request = Request.of(router)
    if plan:
        if idempotency_key is not None:
            idempotency.check(idempotency_key)
        planned = plan_evaluation.plan(body.asked(), request.cloud)
        return Response(HTTPStatus.OK, "application/json", EvaluationPlanAnswer.of(planned.plan))

    def run(evaluation_id: str) -> Answer:
        started = start(body.asked(), request.cloud, evaluation_id=evaluation_id, caller=request.caller)
        return Answer(HTTPStatus.ACCEPTED, data(EvaluationAnswer.told(started)))

    return once(request, "POST /evaluations", required(idempotency_key), body=body, run=run, model=EvaluationAnswer)


@router.get("/evaluations", summary="List evaluations")
def list_evaluations(limit: Limit = 20, cursor: Cursor = None) -> EvaluationsAnswer:
    """Evaluations, ended ones included, newest first."""
    page = read_evaluations.list_evaluations(limit, cursor, Request.of(router).cloud)
    told = [EvaluationAnswer.told(each) for each in page.evaluations]
    return EvaluationsAnswer(evaluations=told, cursor=page.cursor)


@router.get("/evaluations/<evaluation_id>", summary="Read an evaluation")
def get_evaluation(evaluation_id: str) -> WholeEvaluationAnswer:
    """An evaluation, how far it is, its verdict, and links to its report."""
    cloud = Request.of(router).cloud
    return _whole(read_evaluations.get(evaluation_id, cloud), cloud)


@router.post(
    "/evaluations/<evaluation_id>/stop", summary="Stop an evaluation", responses={202: {"description": "Requested"}}
)
def stop_evaluation(evaluation_id: str, idempotency_key: IdempotencyKey = None) -> Response[EvaluationAnswer]:
    """Request an evaluation's stop. What was asked until then is charged, and there is no verdict."""
    request = Request.of(router)

    def run(_: str) -> Answer:
        return Answer(HTTPStatus.ACCEPTED, data(EvaluationAnswer.told(stop(evaluation_id, request.cloud))))

    route = f"POST /evaluations/{evaluation_id}/stop"
    return once(request, route, idempotency_key, body={}, run=run, model=EvaluationAnswer)


def _whole(evaluation: Evaluation, cloud: Cloud) -> WholeEvaluationAnswer:
    conclusion = evaluation.conclusion
    links = read_evaluations.links(conclusion.report_key, cloud) if conclusion else None
    return WholeEvaluationAnswer.whole(evaluation, read_evaluations.progress(evaluation, cloud), links)

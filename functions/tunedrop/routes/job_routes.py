"""Jobs: `POST` and `GET /jobs`, `GET /jobs/{id}`, `POST /jobs/{id}/stop`."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.jobs import plan_job, read_jobs
from tunedrop.actions.jobs.start_job import start
from tunedrop.actions.jobs.stop_job import stop
from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.training.job_filter import JobFilter
from tunedrop.domain.training.job_states import JobStatus
from tunedrop.domain.training.start_request import DeploymentRequest, StartJob, Vpc
from tunedrop.routes import idempotency, plan_answers
from tunedrop.routes.evaluation_wish import EvaluationWishBody
from tunedrop.routes.idempotency import Answer
from tunedrop.routes.job_answers import JobAnswer, JobsAnswer, WholeJobAnswer
from tunedrop.routes.plan_answers import PlanAnswer
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

SWEEP = r"^[a-z0-9](-?[a-z0-9]){0,63}$"


class DeploymentBody(Body):
    """The deployment to make when the job completes."""

    name: str = Field(description="Its `model` in the Messages API; never the name of a base model")
    serving: Serving | None = Field(None, description="Default: the base model's first way to serve")
    model_units: Whole | None = Field(None, description="Provisioned Throughput only. Default: 1")
    hours: Whole | None = Field(None, description="When it is released. Default: the stack's DeploymentHours")
    idle_minutes: Whole | None = Field(
        None, description="Released once nobody has called it for so long, 10 to 10080. Default: only at its end"
    )
    on_budget: OnBudget | None = added(
        None, description="When the month's budget is exceeded: `notify` (default), or `release`"
    )

    def asked(self) -> DeploymentRequest:
        """The same as an action's argument."""
        return DeploymentRequest(
            self.name, self.serving, self.model_units, self.hours, self.idle_minutes, self.on_budget
        )


class VpcBody(Body):
    """The network that Bedrock reads the data through; its ids are among the stack's JobSubnetIds and so on."""

    subnet_ids: Annotated[list[str], Field(min_length=1, max_length=16)]
    security_group_ids: Annotated[list[str], Field(min_length=1, max_length=5)]

    def asked(self) -> Vpc:
        """The same as an action's argument."""
        return Vpc(tuple(self.subnet_ids), tuple(self.security_group_ids))


class StartJobBody(Body):
    """A job to start."""

    dataset: str
    version: Whole | None = Field(
        None, description="Default: the newest accepted one; `skipped_versions` of the answer says which are newer"
    )
    base_model: str
    hyperparameters: dict[str, Any] = Field(
        default_factory=dict, description="Numbers, or numbers in strings. Default: the base model's defaults"
    )
    deployment: DeploymentBody | None = None
    evaluation: EvaluationWishBody | None = added(None, description="Decides whether the deployment goes live")
    plan_id: str | None = Field(None, description="Confirms the plan that a 409 `plan_confirmation_required` showed")
    expected_version: Whole | None = added(
        None,
        description="Refuses the request (409 `version_changed`) if the newest accepted version is another one, "
        "because somebody has uploaded since",
    )

    sweep: Annotated[str, Field(pattern=SWEEP, max_length=64)] | None = added(
        None, description="A label for jobs that differ in hyperparameters only: 1 to 64 of a-z, 0-9 and hyphens"
    )
    from_job: str | None = added(
        None, description="A Completed job of the same base model: its custom model is tuned further"
    )
    deadline: Moment | None = added(
        None, description="If it has not started by then, it ends Failed. At most the stack's JobDeadlineHours ahead"
    )
    tags: dict[str, str] = added({}, description="Your own tags for the job and its custom model, at most 40")
    kms_key_arn: str | None = added(
        None, description="Encrypts the custom model; one of the stack's CustomModelKeyArns"
    )
    vpc: VpcBody | None = added(None, description="The network that Bedrock reads the data through")
    accept_unknown_price: Flag = added(
        False, description="Under a MonthlyBudget: start although a price is not configured; it then does not count"
    )

    def asked(self) -> StartJob:
        """The same as an action's argument."""
        return StartJob(
            dataset=self.dataset,
            base_model=self.base_model,
            version=self.version,
            hyperparameters=self.hyperparameters,
            deployment=self.deployment.asked() if self.deployment else None,
            evaluation=self.evaluation.asked() if self.evaluation else None,
            plan_id=self.plan_id,
            expected_version=self.expected_version,
            sweep=self.sweep,
            from_job=self.from_job,
            deadline=self.deadline.astimezone(UTC) if self.deadline else None,
            tags=self.tags,
            kms_key_arn=self.kms_key_arn,
            vpc=self.vpc.asked() if self.vpc else None,
            accept_unknown_price=self.accept_unknown_price,
        )


@router.post(
    "/jobs",
    summary="Start a job",
    responses={
        200: {
            "description": "With ?plan=true: what the request would do",
            "content": {"application/json": {"model": PlanAnswer}},
        },
        202: {"description": "The job, Requested or Preparing", "content": {"application/json": {"model": JobAnswer}}},
        404: {"description": "No such dataset or version"},
    },
)
def start_job(
    body: Annotated[StartJobBody, FromBody()], plan: PlanOnly = False, idempotency_key: IdempotencyKey = None
) -> Response[JobAnswer | PlanAnswer]:
    """Start a job on an accepted version, and make its deployment when it completes. Requires an Idempotency-Key.

    Everything that can be checked is checked before money is spent. If the version is not prepared for the base model
    yet, the job is Preparing; if the preparation then rules it out, it ends Failed, with the code that a refused
    request would have. `?plan=true` checks the same and answers what would happen; it starts nothing and needs no key.
    """
    request = Request.of(router)
    if plan:
        if idempotency_key is not None:
            idempotency.check(idempotency_key)
        return Response(
            HTTPStatus.OK,
            "application/json",
            plan_answers.answer(plan_job.plan(body.asked(), request.cloud), request.cloud.settings),
        )

    def run(job_id: str) -> Answer:
        job = start(body.asked(), request.cloud, job_id=job_id, caller=request.caller, request_id=request.id)
        return Answer(HTTPStatus.ACCEPTED, data(JobAnswer.priced(job, request.cloud.settings)))

    return once(request, "POST /jobs", required(idempotency_key), body=body, run=run, model=JobAnswer)


@router.get("/jobs", summary="List jobs")
def list_jobs(
    *,
    limit: Limit = 20,
    cursor: Cursor = None,
    status: Annotated[JobStatus | None, Query(description="Only jobs in this status")] = None,
    dataset: Annotated[str | None, Query(description="Only jobs on this dataset")] = None,
    base_model: Annotated[str | None, Query(description="Only jobs that tune this base model")] = None,
    owner: Annotated[str | None, Query(description="Only jobs of this owner")] = None,
    sweep: Annotated[str | None, Query(description="Only jobs with this label")] = None,
    tag: Annotated[str | None, Query(description="Only jobs with this tag of yours: NAME or NAME=VALUE")] = None,
    created_after: Annotated[Moment | None, Query(description="Only jobs created then or later")] = None,
    created_before: Annotated[Moment | None, Query(description="Only jobs created before then")] = None,
) -> JobsAnswer:
    """Jobs, ended ones included, newest first. A filtered page may hold fewer than `limit` and still have a cursor."""
    wanted = JobFilter(status, dataset, base_model, owner, sweep, tag, created_after, created_before)
    cloud = Request.of(router).cloud
    page = read_jobs.list_jobs(limit, cursor, cloud, wanted)
    return JobsAnswer(jobs=[JobAnswer.priced(job, cloud.settings) for job in page.jobs], cursor=page.cursor)


@router.get("/jobs/<job_id>", summary="Read a job")
def get_job(job_id: str) -> WholeJobAnswer:
    """A job: status and timeline, the exact request to Bedrock, why it waits or failed, and links to its report."""
    cloud = Request.of(router).cloud
    answer = WholeJobAnswer.whole(read_jobs.get_whole(job_id, cloud), cloud.settings)
    if answer.report_key:
        links = read_jobs.report_links(answer.report_key, cloud)
        answer.report_url, answer.page_url, answer.picture_url = links.report, links.page, links.picture
    return answer


@router.post("/jobs/<job_id>/stop", summary="Stop a job", responses={202: {"description": "Requested"}})
def stop_job(job_id: str, idempotency_key: IdempotencyKey = None) -> Response[JobAnswer]:
    """Request a job's stop. Bedrock charges for what was trained until then, and makes no custom model."""
    request = Request.of(router)

    def run(_: str) -> Answer:
        job = stop(job_id, request.cloud)
        return Answer(HTTPStatus.ACCEPTED, data(JobAnswer.priced(job, request.cloud.settings)))

    return once(request, f"POST /jobs/{job_id}/stop", idempotency_key, body={}, run=run, model=JobAnswer)

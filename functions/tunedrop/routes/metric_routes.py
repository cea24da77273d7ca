"""`GET /jobs/{id}/metrics`: the loss of every step, by pages or as the files that Bedrock wrote."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.training.metrics import MetricSplit
from tunedrop.routes.requests import AnswerModel, Cursor, Request

router = APIGatewayRouter()

MetricLimit = Annotated[
    int, Query(ge=1, le=read_jobs.MOST_POINTS, description="How many points at most; 1,000 unless told.")
]
WhichSplit = Annotated[MetricSplit, Query(description="training or validation")]


class PointAnswer(AnswerModel):
    """One row of a metrics file; a value that is no finite number is null."""

    step: int
    epoch: int | None
    loss: float | None
    perplexity: float | None


class MetricFileAnswer(AnswerModel):
    """A whole file, as Bedrock wrote it."""

    split: str
    key: str
    url: str = Field(description="Downloads it without further credentials, for a quarter of an hour")


class MetricsAnswer(AnswerModel):
    """Points of one split from the cursor on."""

    job_id: str
    split: str
    total: int = Field(description="How many points are stored of this split")
    points: list[PointAnswer]
    cursor: str | None
    files: list[MetricFileAnswer]


@router.get("/jobs/<job_id>/metrics", summary="Read a job's metrics")
def get_metrics(
    job_id: str, split: WhichSplit = "training", limit: MetricLimit = 1000, cursor: Cursor = None
) -> MetricsAnswer:
    """Step-wise metrics in their order. Complete by following the cursor, or at once as a file."""
    cloud = Request.of(router).cloud
    page = read_jobs.metrics(job_id, split, limit, cursor, cloud)
    files = read_jobs.metric_files(job_id, cloud)
    return MetricsAnswer(
        job_id=job_id,
        split=split,
        total=page.total,
        points=[PointAnswer.of(point) for point in page.points],
        cursor=page.cursor,
        files=[MetricFileAnswer.of(file) for file in files],
    )

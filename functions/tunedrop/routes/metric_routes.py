"""`GET /jobs/{id}/metrics`: the loss of every step, in pages or as the files that Bedrock wrote."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.reports import downsampling
from tunedrop.domain.training.metrics import MetricSplit
from tunedrop.errors import InvalidInput
from tunedrop.routes.route_basics import DIGITS, AnswerModel, Cursor, Request

router = APIGatewayRouter()

MetricLimit = Annotated[
    int,
    Interval(ge=1, le=read_jobs.MOST_POINTS),
    DIGITS,
    Query(description="The most points to return. Default: 1,000."),
]
MaxPoints = Annotated[
    Annotated[int, Interval(ge=downsampling.LEAST, le=read_jobs.MOST_POINTS), DIGITS] | None,
    Query(description="Instead of a page: at most so many points over the whole split, peaks among them"),
]
WhichSplit = Annotated[MetricSplit, Query(description="training or validation")]


class PointAnswer(AnswerModel):
    """One row of a metrics file. A value that is missing or not a finite number is null."""

    step: int
    epoch: int | None
    loss: float | None
    perplexity: float | None


class MetricFileAnswer(AnswerModel):
    """A whole metrics file, as Bedrock wrote it."""

    split: str
    key: str
    url: str = Field(description="Downloads it without credentials, for 15 minutes")


class MetricsAnswer(AnswerModel):
    """Points of one split from the cursor on."""

    job_id: str
    split: str
    total: int = Field(description="The number of stored points of this split")
    points: list[PointAnswer]
    cursor: str | None
    files: list[MetricFileAnswer]


@router.get("/jobs/<job_id>/metrics", summary="Read a job's metrics")
def get_metrics(
    job_id: str,
    split: WhichSplit = "training",
    limit: MetricLimit = 1000,
    cursor: Cursor = None,
    max_points: MaxPoints = None,
) -> MetricsAnswer:
    """Step-wise metrics in order. For all of them, follow the cursor or download the files.

    `max_points` is for drawing: of each stretch it keeps the lowest and highest loss, so that no peak is lost.
    """
    cloud = Request.of(router).cloud
    if max_points is None:
        page = read_jobs.metrics(job_id, split, limit, cursor, cloud)
    elif cursor is None:
        page = read_jobs.curve(job_id, split, max_points, cloud)
    else:
        raise InvalidInput("invalid_cursor", "max_points is of the whole split, so it takes no cursor.", field="cursor")
    files = read_jobs.metric_files(job_id, cloud)
    return MetricsAnswer(
        job_id=job_id,
        split=split,
        total=page.total,
        points=[PointAnswer.of(point) for point in page.points],
        cursor=page.cursor,
        files=[MetricFileAnswer.of(file) for file in files],
    )

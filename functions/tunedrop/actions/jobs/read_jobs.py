"""Read jobs and their metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.actions.evaluations import read_evaluations
from tunedrop.domain.evaluation.model_evaluations import ModelEvaluation
from tunedrop.domain.reports import downsampling
from tunedrop.domain.training import job_queue, log_queries, start_times
from tunedrop.domain.training.job_filter import EVERY_JOB, JobFilter
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import CHUNK, MetricPoint, MetricSplit
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import job_rows, metric_rows
from tunedrop.edges.s3 import presigned_links
from tunedrop.errors import InvalidInput, NotFound

LOOKED_AT_ONCE, MOST_LOOKED_AT = 100, 500
"""Jobs: about 200 KB and 1 MB of rows."""
MOST_POINTS = 10_000
"""Points per page: about 1 MB of JSON, where Lambda allows an answer of 6 MB (docs/facts.md#lambda)."""
LONGEST_ID = 64
"""Longer than any id, so a longer text needs no read."""


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """Where a job that wants to start stands, and why. `code` and `reason` are None until it was tried."""

    place: int
    """1 goes next."""
    in_line: int
    """How many want to start."""
    since: datetime
    deadline: datetime
    """When it ends Failed if it has not started."""
    code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class WholeJob:
    """A job with what only the other rows tell of it."""

    job: Job
    waiting: WaitingJob | None
    """None unless it wants to start."""
    logs_query: str
    """A CloudWatch Logs Insights query for its lines."""
    evaluations: tuple[ModelEvaluation, ...]
    """The last ones in which its custom model took part, newest first."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of jobs, newest first, and the cursor for the next page (None: no more)."""

    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MetricPage:
    """One page of points in order, the total over all pages, and the cursor for the next page (None: no more)."""

    points: tuple[MetricPoint, ...]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MetricFile:
    """One CSV file as Bedrock wrote it; `url` works for 15 minutes."""

    split: str
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class JobReportLinks:
    """Links to an ended job's report as JSON, as a page, and to the picture of its curves, for 15 minutes."""

    report: str
    page: str
    picture: str


def get(job_id: str, cloud: Cloud) -> Job:
    """The job of that id. Raises NotFound `unknown_job`."""
    job = job_rows.load(cloud.state, job_id) if len(job_id) <= LONGEST_ID else None
    if job is None:
        raise NotFound("unknown_job", f"There is no job {job_id[:80]!r}.", job_id=job_id[:80])
    return job


def report_links(report_key: str, cloud: Cloud) -> JobReportLinks:
    """Links to a job's report, by its key."""
    keys = (report_key, object_keys.page(report_key), object_keys.picture(report_key))
    return JobReportLinks(*(presigned_links.download(cloud.bucket, key) for key in keys))


def get_whole(job_id: str, cloud: Cloud) -> WholeJob:
    """The job of that id and all that explains it. Raises NotFound `unknown_job`."""
    job = get(job_id, cloud)
    found = read_evaluations.of_model(job, cloud)
    return WholeJob(job, _waiting(job, cloud), log_queries.of_job(job), found)


def _waiting(job: Job, cloud: Cloud) -> WaitingJob | None:
    since = start_times.in_line_since(job)
    if since is None:
        return None
    me = job_queue.InLine(since, job.id)  # the row of a job that 0.1.0 wrote last does not tell its place
    place = job_queue.place(job.id, {me, *job_rows.line(cloud.state)})
    if place is None:
        return None
    wait = job.wait if job.status == "WaitingForCapacity" else None
    until = start_times.latest_start(job, timedelta(hours=cloud.settings.job_deadline_hours))
    told = (wait.code, wait.reason) if wait else (None, None)
    return WaitingJob(place.number, place.of, since, until, *told)


def list_jobs(limit: int, cursor: str | None, cloud: Cloud, wanted: JobFilter = EVERY_JOB) -> JobPage:
    """Up to `limit` of the jobs asked for, including ended ones.

    A page may be short, or empty, and have a cursor: at most MOST_LOOKED_AT jobs are looked at for one.
    Raises InvalidInput `invalid_cursor`.
    """
    found: list[Job] = []
    for _ in range(MOST_LOOKED_AT // LOOKED_AT_ONCE):
        page = job_rows.listing(cloud.state, wanted, limit=limit if wanted.takes_all else LOOKED_AT_ONCE, cursor=cursor)
        for row in page.rows:
            job = job_rows.job_from(row)
            if wanted.takes(job):
                found.append(job)
            if len(found) == limit and row is not page.rows[-1]:
                return JobPage(tuple(found), job_rows.cursor_after(row))
        cursor = page.cursor
        if cursor is None or len(found) == limit:
            break
    return JobPage(tuple(found), cursor)


def metrics(job_id: str, split: MetricSplit, limit: int, cursor: str | None, cloud: Cloud) -> MetricPage:
    """Up to `limit` points of one split from the cursor on; none before the job has ended.

    Raises NotFound `unknown_job`, InvalidInput `invalid_cursor`.
    """
    total = int(get(job_id, cloud).metric_counts.get(split, 0))
    first = _position(cursor)
    last = min(first + max(1, min(limit, MOST_POINTS)), total)
    points: list[MetricPoint] = []
    for number in range(first // CHUNK, -(-last // CHUNK)):
        chunk = metric_rows.load_chunk(cloud.state, job_id, split, number)
        points += list(chunk.points()) if chunk else []
    offset = first % CHUNK
    chosen = points[offset : offset + last - first]
    return MetricPage(tuple(chosen), total, str(last) if last < total else None)


def curve(job_id: str, split: MetricSplit, most: int, cloud: Cloud) -> MetricPage:
    """At most `most` points over the whole split, each stretch's lowest and highest loss among them.

    Raises NotFound `unknown_job`.
    """
    total = int(get(job_id, cloud).metric_counts.get(split, 0))
    points = metric_rows.load_points(cloud.state, job_id, split, total)
    chosen = downsampling.kept([point.loss for point in points], most)
    return MetricPage(tuple(points[index] for index in chosen), total, None)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 12):
        raise InvalidInput("invalid_cursor", "The cursor is not one that this listing returned.", field="cursor")
    return int(cursor)


def metric_files(job_id: str, cloud: Cloud) -> tuple[MetricFile, ...]:
    """The CSV files as Bedrock wrote them, with links. Raises NotFound `unknown_job`."""
    job = get(job_id, cloud)
    return tuple(
        MetricFile(split, key, presigned_links.download(cloud.bucket, key)) for split, key in job.metric_files.items()
    )

"""Reading jobs and their metrics."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import CHUNK, MetricPoint, MetricSplit
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import job_rows
from tunedrop.edges.s3 import presigned_links
from tunedrop.errors import InvalidInput, NotFound

MOST_POINTS = 10_000
"""Of one page: about 1 MB of JSON; an answer of Lambda may have 6 (docs/facts.md#lambda)."""
LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first, and where the next ones begin."""

    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MetricPage:
    """Some points in their order, and where the next ones begin."""

    points: tuple[MetricPoint, ...]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class MetricFile:
    """One CSV as Bedrock wrote it; `url` works for a quarter of an hour."""

    split: str
    key: str
    url: str


def get(job_id: str, cloud: Cloud) -> Job:
    """The job of that id. Raises NotFound `unknown_job`."""
    job = job_rows.load(cloud.state, job_id) if len(job_id) <= LONGEST_ID else None
    if job is None:
        raise NotFound("unknown_job", f"There is no job {job_id[:80]!r}.", job_id=job_id[:80])
    return job


def list_jobs(limit: int, cursor: str | None, cloud: Cloud) -> JobPage:
    """Jobs, ended ones included."""
    page = cloud.state.listing(job_rows.KIND, limit=limit, cursor=cursor)
    return JobPage(tuple(job_rows.job_from(row) for row in page.rows), page.cursor)


def metrics(job_id: str, split: MetricSplit, limit: int, cursor: str | None, cloud: Cloud) -> MetricPage:
    """Points of one split from the cursor on, at most `MOST_POINTS`; none before the job has ended."""
    total = int(get(job_id, cloud).metric_counts.get(split, 0))
    first = _position(cursor)
    last = min(first + max(1, min(limit, MOST_POINTS)), total)
    points: list[MetricPoint] = []
    for number in range(first // CHUNK, -(-last // CHUNK)):
        chunk = job_rows.load_chunk(cloud.state, job_id, split, number)
        points += list(chunk.points()) if chunk else []
    offset = first % CHUNK
    chosen = points[offset : offset + last - first]
    return MetricPage(tuple(chosen), total, str(last) if last < total else None)


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 12):
        raise InvalidInput("invalid_cursor", "The cursor is not one that this listing returned.", field="cursor")
    return int(cursor)


def metric_files(job_id: str, cloud: Cloud) -> tuple[MetricFile, ...]:
    """The CSVs as Bedrock wrote them: every point in one file."""
    job = get(job_id, cloud)
    return tuple(
        MetricFile(split, key, presigned_links.download(cloud.bucket, key)) for split, key in job.metric_files.items()
    )

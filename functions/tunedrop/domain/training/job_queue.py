"""The queue of jobs that want to start: the one that could be sent first goes first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.training import wait_reasons
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.start_times import in_line_since


@dataclass(frozen=True, slots=True, order=True)
class InLine:
    """A job that wants to start, and since when it could have been sent."""

    since: datetime
    job_id: str


@dataclass(frozen=True, slots=True)
class PlaceInLine:
    """Where a job stands: 1 goes next."""

    number: int
    of: int


def place(job_id: str, line: Iterable[InLine]) -> PlaceInLine | None:
    """The job's place; None if it is not in line."""
    ids = [each.job_id for each in sorted(line)]
    return PlaceInLine(ids.index(job_id) + 1, len(ids)) if job_id in ids else None


def ahead(job_id: str, line: Iterable[InLine]) -> tuple[str, ...]:
    """The ids of the jobs that go before it, first in line first; none if it is not in line."""
    ids = [each.job_id for each in sorted(line)]
    return tuple(ids[: ids.index(job_id)]) if job_id in ids else ()


def goes_first(older: Iterable[Job], free: int) -> Job | None:
    """The older job that keeps one back that wants to start while `free` slots of the stack are; None: it may go.

    One that Bedrock has no room for keeps back all the others: they would take the room that it waits for.
    Of `older`, first in line first, no more is read than needed.
    """
    for job in older:
        if in_line_since(job) is None or job.stop_requested:
            continue  # its row has moved on since the line was read
        if job.wait and wait_reasons.is_bedrocks(job.wait):
            return job
        if job.attempted_at is None:  # the others hold their slot already
            free -= 1
        if free <= 0:
            return job
    return None

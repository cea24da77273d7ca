"""Follow a job until it ends: its phases as they come, with an estimate of how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.training import durations
from tunedrop.domain.training.durations import Estimate

from tunedrop_cli import job_text, local_times, pauses, progress, text_report
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

MOST_EARLIER = 20
LOSSES_COME = "Bedrock writes a job's losses when the job ends: the curve is drawn then."

Job = Mapping[str, Any]


def estimate(job: Job, earlier: Iterable[Job]) -> Estimate | None:
    """The time from Bedrock's start to its end; None without an earlier job of this base model that completed."""
    lasted = [
        (other["trained_tokens"], local_times.parsed(other["ended_at"]) - local_times.parsed(other["started_at"]))
        for other in earlier
        if other["trained_tokens"] and other["started_at"] and other["ended_at"]
    ]
    return durations.estimate(job["trained_tokens"] or 0, lasted)


def follow(
    api: ControlApi,
    job_id: str,
    screen: Console,
    *,
    at_each: Callable[[Job], object] = lambda _: None,
) -> Job:
    """Print each new state until the job has ended, and return it as it is then; `at_each` new state before the end."""
    job = api.get(place("jobs", job_id))
    expected = _expected(api, job)
    told, phase = 0, ""
    with progress.status(screen) as say:
        for pause in pauses.growing():
            for entry in job["timeline"][told:]:
                note = f"  {entry['note']}" if entry["note"] else ""
                text_report.line(screen, f"{local_times.shown(entry['time'])}  {entry['status']}{note}")
            news = told < len(job["timeline"])
            if news and job["status"] == "InProgress":
                text_report.line(screen, LOSSES_COME)
            told = len(job["timeline"])
            before, phase = phase, job_text.phase_now(job)
            if phase not in {"", before}:
                text_report.line(screen, f"{local_times.shown(job_text.phase_since(job))}  phase: {phase}")
            if job["status"] in job_text.ENDED:
                break
            if news:
                at_each(job)
            say(_now(job, expected))
            time.sleep(pause)
            job = api.get(place("jobs", job_id))
            expected = expected or _expected(api, job)
    return dict(job)


def _expected(api: ControlApi, job: Job) -> Estimate | None:
    if not job["trained_tokens"] or job["status"] in job_text.ENDED:
        return None
    found = api.get("/jobs", limit=MOST_EARLIER, status="Completed", base_model=job["base_model"])
    return estimate(job, found["jobs"])


def _now(job: Job, expected: Estimate | None) -> str:
    since = local_times.parsed(job["timeline"][-1]["time"] if job["timeline"] else job["created_at"])
    lasts = local_times.lasted(datetime.now(UTC) - since)
    if job["status"] != "InProgress":
        place = job_text.waiting(job)
        return f"{job['status']} for {lasts}{f', {place}' if place else ''}"
    expectation = job_text.duration(expected) if expected else "as long as no earlier job of this base model can tell"
    phase = job_text.phase_now(job)
    return f"InProgress{f' ({phase})' if phase else ''} for {lasts}; it takes {expectation}"

"""`tunedrop jobs show`: one job for a person, as a page, as CSV, or as a run of MLflow."""

from __future__ import annotations

import argparse
import csv
import io
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.reports import next_commands

from tunedrop_cli import (
    job_metrics,
    job_text,
    job_watch,
    judged_models,
    mlflow_runs,
    report_files,
    stack,
    text_report,
    tracked_run,
    written_files,
)
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi
    from tunedrop_cli.mlflow_runs import Tracking

REPORT = {"report.html": "page_url", "report.json": "report_url", "losses.svg": "picture_url"}
"""A job's report: names of its files, and where `GET /jobs/{id}` links them."""

Job = Mapping[str, Any]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of showing."""
    command.add_argument("job", metavar="JOB", help="its id")
    command.add_argument("--watch", action="store_true", help="follow it to its end; Ctrl-C leaves it running")
    command.add_argument("--csv", metavar="FILE", help="write its losses of every step to FILE; - is standard output")
    command.add_argument("--html", metavar="FILE", help="write its report to FILE as one page that loads nothing")
    command.add_argument(
        "--mlflow", metavar="URI", help="write it to this MLflow tracking server as a run; a repeat updates the run"
    )


def run(chosen: argparse.Namespace) -> int:
    """Show a job; return the exit code. Raises WrongUsage, Refused."""
    for path in (chosen.csv, chosen.html):
        written_files.refuse_existing(path)
    written_files.refuse_standard_output(chosen.html)
    if chosen.json and chosen.csv == written_files.STANDARD_OUTPUT:
        raise WrongUsage("--json and --csv - would both be written to standard output")
    tracking = mlflow_runs.open_tracking(chosen.mlflow) if chosen.mlflow else None
    api = stack.Stack(chosen).api()
    if chosen.watch:
        job = watched(chosen, api, chosen.job, lambda job: _track_meanwhile(tracking, job))
    else:
        job = api.get(place("jobs", chosen.job))
    if chosen.csv == written_files.STANDARD_OUTPUT:
        sys.stdout.write(_losses(api, job))
        code = exit_code(chosen, job)
    else:
        code = shown(chosen, api, text_report.console(), job)
    _write(chosen, api, job, tracking)
    return code


def shown(chosen: argparse.Namespace, api: ControlApi, screen: Console, job: Job) -> int:
    """Print a job; return the exit code."""
    if chosen.json:
        text_report.as_json(job)
        return exit_code(chosen, job)
    training, validation = (list(job_metrics.points(api, job, split)) for split in job_metrics.SPLITS)
    job_text.whole(screen, job, training, validation)
    judged_models.show(screen, job.get("evaluations") or ())  # what starts or ends a job does not answer with them
    text_report.line(screen)
    text_report.next_step(screen, stack.again(chosen, job_text.next_command(job)))
    return exit_code(chosen, job)


def exit_code(chosen: argparse.Namespace, job: Job) -> int:
    """1 for a job that was watched, and ended otherwise than Completed."""
    return 0 if job["status"] == "Completed" or not chosen.watch else 1


def watched(
    chosen: argparse.Namespace, api: ControlApi, job_id: str, at_each: Callable[[Job], object] = lambda _: None
) -> Job:
    """Follow a job to its end; where that is cut short, say how to come back."""
    aside = text_report.console(stderr=True)
    quiet = chosen.json or getattr(chosen, "csv", None) == written_files.STANDARD_OUTPUT
    try:
        return job_watch.follow(api, job_id, aside if quiet else text_report.console(), at_each=at_each)
    except (KeyboardInterrupt, Exception):
        text_report.line(aside, "The job goes on. To come back to it:")
        text_report.next_step(aside, stack.again(chosen, _again(chosen, job_id)))
        raise


def _again(chosen: argparse.Namespace, job_id: str) -> str:
    """The command that watches on, and writes what this one would have written."""
    asked = {f"--{name}": getattr(chosen, name, None) for name in ("csv", "html")}
    asked["--mlflow"] = mlflow_runs.without_password(getattr(chosen, "mlflow", None) or "")
    options = [word for option, value in asked.items() if value for word in (option, value)]
    return " ".join([next_commands.show_job(job_id, watch=True), *([shlex.join(options)] if options else [])])


def _write(chosen: argparse.Namespace, api: ControlApi, job: Job, tracking: Tracking | None) -> None:
    """Write the files that were asked for, and the run in MLflow."""
    aside = text_report.console(stderr=True)
    if chosen.csv and chosen.csv != written_files.STANDARD_OUTPUT:
        written_files.write_new(chosen.csv, _losses(api, job).encode())
        text_report.line(aside, f"losses: {chosen.csv}")
    if chosen.html:
        written_files.write_new(chosen.html, _part(job, "page_url"))
        text_report.line(aside, f"page: {chosen.html}")
    if tracking:
        points = {split: list(job_metrics.points(api, job, split)) for split in job_metrics.SPLITS}
        files = {name: _part(job, link) for name, link in REPORT.items()} if job["report_key"] else {}
        where = _track(tracking, job, points, files)
        text_report.line(aside, f"MLflow: {where or 'no run yet, because Bedrock has not started the job'}")


def _track(
    tracking: Tracking | None,
    job: Job,
    points: tracked_run.Points | None = None,
    files: Mapping[str, bytes] | None = None,
) -> str | None:
    """Make or update the job's run; returns where it is, or None where there is nothing to track yet."""
    if tracking is None or not tracked_run.has_begun(job):
        return None
    return tracking.write(tracked_run.of(job, points or {}), files or {})


def _track_meanwhile(tracking: Tracking | None, job: Job) -> None:
    """Update the run of a job that goes on. What the server can't take now is written at the job's end."""
    try:
        _track(tracking, job)
    except Refused as error:
        text_report.line(
            text_report.console(stderr=True), f"MLflow: {error}. It is tried again with the job's next state."
        )


def _losses(api: ControlApi, job: Job) -> str:
    """All losses as CSV: words of ours and numbers, so nothing that a spreadsheet would take for a formula."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(("split", "step", "epoch", "loss", "perplexity"))
    for split in job_metrics.SPLITS:
        for point in job_metrics.points(api, job, split):
            writer.writerow((split, point["step"], point["epoch"], point["loss"], point["perplexity"]))
    return written.getvalue()


def _part(job: Job, link: str) -> bytes:
    """A part of the job's report, from where the stack stored it. Raises Refused where there is none."""
    url = job[link]
    if not url:
        ended = job["status"] in job_text.ENDED
        why = "its timeline says why" if ended else "it is written when the job has ended, so say --watch too"
        raise Refused(0, {"code": "no_report", "message": f"job {job['id']} has no report: {why}"})
    return report_files.read(url)

"""`tunedrop jobs compare`: what differs between jobs, their losses in one picture, and which one ended best."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tunedrop_cli import (
    comparison_advice,
    comparison_page,
    job_comparison,
    job_metrics,
    job_ranking,
    job_text,
    listings,
    stack,
    tables,
    terminal_curves,
    text_report,
    written_files,
)
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.job_comparison import MARKS, Comparison, Standing
from tunedrop_cli.paths import place
from tunedrop_cli.terminal_curves import Curve

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

MOST_COMPARED = len(MARKS)


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of comparing."""
    command.add_argument("jobs", nargs="*", metavar="JOB", help=f"their ids, at most {MOST_COMPARED}")
    command.add_argument("--sweep", metavar="LABEL", help="the jobs of a sweep, ranked by validation loss")
    command.add_argument(
        "--over",
        choices=job_comparison.AXES,
        default="steps",
        help="draw losses over steps (default), or over trained tokens, which batch sizes don't change",
    )
    command.add_argument("--html", metavar="FILE", help="write the comparison to FILE as one page that loads nothing")


def run(chosen: argparse.Namespace) -> int:
    """Compare; return the exit code. Raises WrongUsage, Refused."""
    written_files.refuse_standard_output(chosen.html)
    written_files.refuse_existing(chosen.html)
    api = stack.Stack(chosen).api()
    jobs = _jobs(chosen, api)
    losses = [{split: list(job_metrics.points(api, job, split)) for split in job_metrics.SPLITS} for job in jobs]
    found = job_comparison.compare(jobs, losses, chosen.over)
    if chosen.html:
        written_files.write_new(chosen.html, comparison_page.render(found))
    if chosen.json:
        verdict = found.ranking.verdict
        judged = found.judged and found.judged.verdict
        told = {"jobs": jobs, "differences": dict(found.differences), "verdict": verdict, "evaluation_verdict": judged}
        return text_report.as_json(told)
    screen = text_report.console()
    _told(screen, found, ranked=bool(chosen.sweep))
    if step := comparison_advice.next_step(found):
        text_report.line(screen)
        text_report.line(screen, step.words)
        text_report.next_step(screen, stack.again(chosen, step.command or ""))
    if chosen.html:
        text_report.line(text_report.console(stderr=True), f"page: {chosen.html}")
    return 0


def _jobs(chosen: argparse.Namespace, api: ControlApi) -> Sequence[Mapping[str, Any]]:
    ids = [*dict.fromkeys(chosen.jobs)]
    if chosen.sweep:
        ids += [job["id"] for job in listings.some(api, "/jobs", MOST_COMPARED, sweep=chosen.sweep).items[::-1]]
    jobs = [api.get(place("jobs", job)) for job in ids[: MOST_COMPARED + 1]]
    if chosen.sweep and not jobs:
        raise Refused(0, {"code": "unknown_sweep", "message": f"there is no sweep {chosen.sweep!r}"})
    if bool(chosen.sweep) == bool(chosen.jobs) or not 2 <= len(jobs) <= MOST_COMPARED:
        raise WrongUsage(f"compare takes 2 to {MOST_COMPARED} different jobs, or --sweep LABEL of such")
    return jobs


def _told(screen: Console, found: Comparison, *, ranked: bool) -> None:
    titles = ("", *(f"{mark}: {run.job['id']}" for mark, run in zip(MARKS, found.runs, strict=False)))
    rows = [*found.differences, *found.always]
    tables.show(screen, titles, [(name, *values) for name, values in rows])
    text_report.line(screen)
    text_report.line(screen, f"training loss over {found.axis}")
    drawn = zip(MARKS, job_comparison.named(found), found.training, strict=False)
    for line in terminal_curves.draw([Curve(name, mark, points) for mark, name, points in drawn], axis=found.axis):
        text_report.line(screen, line)
    if ranked:
        columns = ("jobs", "validation loss", "varies by", "runs", "hyperparameters")
        tables.show(screen, columns, map(_standing, found.ranking.standings))
    text_report.line(screen, found.ranking.verdict)
    if found.judged:
        text_report.line(screen)
        tables.show(screen, ("job", *job_ranking.COLUMNS), job_ranking.rows(found.judged, MARKS))
        for sentence in found.judged.sentences:
            text_report.line(screen, sentence)


def _standing(found: Standing) -> tuple[str, ...]:
    settings = job_text.settings_of({"hyperparameters": found.settings})
    return found.marks, f"{found.loss:.4g}", f"{found.spread:.2g}", str(len(found.runs)), settings

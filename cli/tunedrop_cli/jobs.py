"""`tunedrop jobs start|list|show|stop|compare`: train on a dataset's version, and see what became of it."""

from __future__ import annotations

import argparse
import csv
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop.domain.reports import next_commands

from tunedrop_cli import (
    job_comparison,
    job_options,
    job_start,
    job_text,
    job_watch,
    options,
    stack,
    tables,
    terminal_curves,
    text_report,
)
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.job_comparison import Run, Standing
from tunedrop_cli.terminal_curves import Curve

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

EPILOG = """examples:
  tunedrop jobs start support-bot --model nova-lite --plan           what it would train and cost; spends nothing
  tunedrop jobs start support-bot --model nova-lite --deploy support-bot-prod --watch
  tunedrop jobs start support-bot --model nova-lite --sweep learningRate=1e-5,3e-5 --plan
  tunedrop jobs list --status Failed
  tunedrop jobs show JOB --watch
  tunedrop jobs compare JOB JOB

exit code: 0 done (with --watch: Completed), 1 refused, or ended otherwise, 2 wrong usage
"""
MOST_COMPARED = 6
MARKS = "abcdef"
STATUSES = (
    "Preparing",
    "Requested",
    "WaitingForCapacity",
    "InProgress",
    "Stopping",
    "Completed",
    "Failed",
    "Stopped",
)
_PAGE = 10_000


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop jobs`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    start = actions.add_parser("start", help="start a job, or say what it would do and cost")
    job_start.add_to(start)
    start.set_defaults(run=_start)
    listing = actions.add_parser("list", help="list jobs, newest first")
    listing.add_argument("--status", choices=STATUSES, metavar="STATUS", help=f"one of {', '.join(STATUSES)}")
    listing.add_argument("--dataset", metavar="NAME", help="of this dataset")
    listing.add_argument("--model", choices=sorted(catalogue()), metavar="BASE_MODEL", help="of this base model")
    listing.add_argument("--sweep", metavar="LABEL", help="of this sweep")
    listing.add_argument("--tag", metavar="NAME[=VALUE]", help="with this tag of yours")
    listing.add_argument(
        "--limit", type=options.positive, default=20, metavar="N", help="the most jobs to list (default: 20)"
    )
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show a job: why it waits or failed, its timeline and its losses")
    show.add_argument("job", metavar="JOB", help="its id")
    show.add_argument("--watch", action="store_true", help="follow it to its end; Ctrl-C leaves it running")
    show.add_argument("--csv", metavar="FILE", help="write its losses of every step to FILE; - is standard output")
    show.set_defaults(run=_show)
    stop = actions.add_parser("stop", help="stop a job; what was trained until then is charged")
    stop.add_argument("job", metavar="JOB", help="its id")
    stop.set_defaults(run=_stop)
    compare = actions.add_parser("compare", help="say what differs between jobs, and draw their losses in one picture")
    compare.add_argument("jobs", nargs="*", metavar="JOB", help=f"their ids, at most {MOST_COMPARED}")
    compare.add_argument("--sweep", metavar="LABEL", help="the jobs of a sweep, ranked by their validation loss")
    compare.set_defaults(run=_compare)
    for action in (start, listing, show, stop, compare):
        action.formatter_class = argparse.RawDescriptionHelpFormatter
        action.add_argument("--json", action="store_true", help="print ControlApi's answers as JSON")
        stack.add_to(action)


def _start(chosen: argparse.Namespace) -> int:
    if chosen.sweep:
        return _sweep(chosen)
    if chosen.yes or chosen.repeats:
        raise WrongUsage("--yes and --repeats are about a sweep: say what differs by --sweep NAME=A,B")
    api, screen = stack.Stack(chosen).api(), text_report.console()
    if chosen.plan:
        plan = job_start.plan(api, job_options.body(chosen))
        if chosen.json:
            return text_report.as_json(plan)
        job_text.plan(screen, plan, job_start.confirm(chosen, plan))
        return 0
    job = job_start.one(chosen, api, screen)
    return 1 if job is None else _told(chosen, api, screen, job)


def _sweep(chosen: argparse.Namespace) -> int:
    if chosen.watch or chosen.idempotency_key:
        raise WrongUsage("--watch and --idempotency-key are about one job, and a sweep starts several")
    api, screen = stack.Stack(chosen).api(), text_report.console()
    sweep = job_start.planned_sweep(chosen, api)
    if chosen.plan and chosen.json:
        return text_report.as_json({"sweep": sweep.label, "plans": sweep.plans})
    if not chosen.json:
        job_start.show_sweep(screen, sweep)
    if chosen.plan:
        text_report.line(screen, "Nothing was started. To start it, say --max-cost AMOUNT or --yes instead of --plan.")
        return 0
    job_start.check_cost(chosen, sweep)
    text_report.line(text_report.console(stderr=True), f"starting sweep {sweep.label}")
    started = job_start.start_sweep(api, sweep)
    if chosen.json:
        return text_report.as_json(started)
    text_report.line(screen, f"{len(started)} jobs were started. When they have ended:")
    text_report.next_step(screen, stack.again(chosen, f"tunedrop jobs compare --sweep {sweep.label}"))
    return 0


def _told(chosen: argparse.Namespace, api: ControlApi, screen: Console, job: Mapping[str, Any]) -> int:
    """Print a job, after its end if it is to be watched; return the exit code."""
    if chosen.watch:
        job = _watched(chosen, api, job["id"])
    if chosen.json:
        text_report.as_json(job)
    else:
        training, validation = (list(_points(api, job, split)) for split in ("training", "validation"))
        job_text.whole(screen, job, training, validation)
        text_report.line(screen)
        text_report.next_step(screen, stack.again(chosen, job_text.next_command(job)))
    return 0 if job["status"] == "Completed" or not chosen.watch else 1


def _watched(chosen: argparse.Namespace, api: ControlApi, job_id: str) -> Mapping[str, Any]:
    aside = text_report.console(stderr=True)
    try:
        return job_watch.follow(api, job_id, aside if chosen.json else text_report.console())
    except (KeyboardInterrupt, Exception):
        text_report.line(aside, "The job goes on. To come back to it:")
        text_report.next_step(aside, stack.again(chosen, next_commands.show_job(job_id, watch=True)))
        raise


def _list(chosen: argparse.Namespace) -> int:
    api = stack.Stack(chosen).api()
    wanted = {
        "status": chosen.status,
        "dataset": chosen.dataset,
        "base_model": chosen.model,
        "sweep": chosen.sweep,
        "tag": chosen.tag,
    }
    query = {name: value for name, value in wanted.items() if value is not None}
    jobs = _pages(api, chosen.limit, query)
    if chosen.json:
        return text_report.as_json(jobs)
    screen = text_report.console()
    if jobs:
        job_text.listing(screen, jobs)
    else:
        text_report.line(screen, "No job of this kind yet.")
        text_report.next_step(screen, "tunedrop jobs start --help")
    return 0


def _pages(api: ControlApi, limit: int, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Up to `limit` of the jobs asked for, newest first, from as many pages as that takes."""
    jobs: list[Mapping[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None and len(jobs) < limit:
        more = {"cursor": cursor} if cursor else {}
        page = api.get("/jobs", limit=min(100, limit - len(jobs)), **query, **more)
        jobs, cursor = [*jobs, *page["jobs"]], page["cursor"]
    return jobs


def _show(chosen: argparse.Namespace) -> int:
    api, screen = stack.Stack(chosen).api(), text_report.console()
    job = api.get(f"/jobs/{chosen.job}")
    if not chosen.csv:
        return _told(chosen, api, screen, job)
    if chosen.csv == "-":
        _write_csv(api, job, csv.writer(sys.stdout))
    else:
        with Path(chosen.csv).open("x", newline="", encoding="utf-8") as file:  # never over an existing file
            _write_csv(api, job, csv.writer(file))
    return 0


def _write_csv(api: ControlApi, job: Mapping[str, Any], writer: Any) -> None:
    writer.writerow(("split", "step", "epoch", "loss", "perplexity"))
    for split in ("training", "validation"):
        for point in _points(api, job, split):
            writer.writerow((split, point["step"], point["epoch"], point["loss"], point["perplexity"]))


def _stop(chosen: argparse.Namespace) -> int:
    job = stack.Stack(chosen).api().post(f"/jobs/{chosen.job}/stop", {}, idempotency_key=secrets.token_hex(16))
    if chosen.json:
        return text_report.as_json(job)
    screen = text_report.console()
    text_report.line(screen, f"job {job['id']} is to stop; it is {job['status']}")
    text_report.next_step(screen, stack.again(chosen, job_text.next_command(job)))
    return 0


def _compare(chosen: argparse.Namespace) -> int:
    api = stack.Stack(chosen).api()
    if chosen.sweep:
        jobs = _pages(api, MOST_COMPARED, {"sweep": chosen.sweep})[::-1]
    else:
        jobs = [api.get(f"/jobs/{job}") for job in dict.fromkeys(chosen.jobs[: MOST_COMPARED + 1])]
    if chosen.sweep and not jobs:
        raise Refused(0, {"code": "unknown_sweep", "message": f"there is no sweep {chosen.sweep!r}"})
    if bool(chosen.sweep) == bool(chosen.jobs) or not 2 <= len(jobs) <= MOST_COMPARED:
        raise WrongUsage(f"compare takes 2 to {MOST_COMPARED} different jobs, or --sweep LABEL of such")
    runs = [Run(job, _losses(api, job, "training"), _losses(api, job, "validation")) for job in jobs]
    differing = list(job_comparison.differences(jobs))
    ranking = job_comparison.rank(runs)
    if chosen.json:
        return text_report.as_json({"jobs": jobs, "differences": dict(differing), "verdict": ranking.verdict})
    screen = text_report.console()
    _comparison(screen, runs, differing)
    if chosen.sweep:
        tables.show(
            screen, ("validation loss", "last points", "runs", "hyperparameters"), map(_standing, ranking.standings)
        )
    text_report.line(screen, ranking.verdict)
    return 0


def _standing(found: Standing) -> tuple[str, ...]:
    settings = job_text.settings_of({"hyperparameters": found.settings})
    return f"{found.loss:.4g}", f"± {found.spread:.2g}", str(len(found.runs)), settings


def _comparison(screen: Console, runs: Sequence[Run], differing: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    jobs = [run.job for run in runs]
    titles = ("", *(f"{mark}: {job['id']}" for mark, job in zip(MARKS, jobs, strict=False)))
    always = [
        ("status", [job["status"] for job in jobs]),
        ("training loss", [_loss(job, "training") for job in jobs]),
        ("validation loss", [_loss(job, "validation") for job in jobs]),
        ("cost", [job_text.cost_of(job["cost"]) for job in jobs]),
    ]
    tables.show(screen, titles, [(name, *values) for name, values in [*differing, *always]])
    text_report.line(screen)
    drawn = [
        Curve(f"{mark}: training loss", mark, list(enumerate(run.training)))
        for mark, run in zip(MARKS, runs, strict=False)
    ]
    for line in terminal_curves.draw(drawn):
        text_report.line(screen, line)


def _loss(job: Mapping[str, Any], split: str) -> str:
    loss = job["final_losses"].get(split)
    return "-" if loss is None else f"{loss:.4g}"


def _losses(api: ControlApi, job: Mapping[str, Any], split: str) -> list[float]:
    return [point["loss"] for point in _points(api, job, split) if point["loss"] is not None]


def _points(api: ControlApi, job: Mapping[str, Any], split: str) -> Iterator[Mapping[str, Any]]:
    """All stored points of a split, in order."""
    cursor: str | None = "" if job["metric_points"].get(split) else None
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        page = api.get(f"/jobs/{job['id']}/metrics", split=split, limit=_PAGE, **more)
        yield from page["points"]
        cursor = page["cursor"]

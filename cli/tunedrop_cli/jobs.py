"""`tunedrop jobs start|list|show|stop|compare`: train on a dataset's version, and see what became of it."""

from __future__ import annotations

import argparse
import secrets

from tunedrop.domain.base_models.catalogue import catalogue

from tunedrop_cli import (
    job_compare,
    job_options,
    job_show,
    job_start,
    job_text,
    listings,
    near_names,
    option_words,
    options,
    stack,
    text_report,
)
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.paths import place

START = """examples:
  tunedrop jobs start support-bot --model nova-lite --plan           what it would train and cost; spends nothing
  tunedrop jobs start support-bot --model nova-lite --deploy support-bot-prod --watch
  tunedrop jobs start support-bot@3 --model nova-lite --set epochCount=2 --max-cost 5
  tunedrop jobs start support-bot --model nova-lite --sweep learningRate=1e-5,3e-5 --plan
"""
SHOW = """examples:
  tunedrop jobs show JOB --watch
  tunedrop jobs show JOB --csv losses.csv
  tunedrop jobs show JOB --html report.html --mlflow http://localhost:5000
"""
COMPARE = """examples:
  tunedrop jobs compare JOB JOB --html comparison.html
  tunedrop jobs compare --sweep support-bot-0f1e2d3c --over tokens
"""
EPILOG = f"""{START}  tunedrop jobs list --status Failed
{SHOW.partition(chr(10))[2]}{COMPARE.partition(chr(10))[2]}
exit code: 0 done (with --watch: Completed), 1 refused, or ended otherwise, 2 wrong usage
"""
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


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop jobs`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    start = actions.add_parser("start", help="start a job, or say what it would do and cost", epilog=START)
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
    show = actions.add_parser(
        "show", help="show a job: why it waits or failed, its timeline and its losses", epilog=SHOW
    )
    job_show.add_to(show)
    show.set_defaults(run=job_show.run)
    stop = actions.add_parser("stop", help="stop a job; what was trained until then is charged")
    stop.add_argument("job", metavar="JOB", help="its id")
    stop.set_defaults(run=_stop)
    compare = actions.add_parser(
        "compare", help="say what differs between jobs, and draw their losses in one picture", epilog=COMPARE
    )
    job_compare.add_to(compare)
    compare.set_defaults(run=job_compare.run)
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
        job_text.plan(screen, option_words.in_plan(chosen, plan), job_start.confirm(chosen, plan))
        return 0
    job = job_start.one(chosen, api, screen)
    if job is None:
        return 1
    if chosen.watch:
        job = job_show.watched(chosen, api, job["id"])
    return job_show.shown(chosen, api, screen, job)


def _sweep(chosen: argparse.Namespace) -> int:
    if chosen.idempotency_key:
        raise WrongUsage("--idempotency-key is about one job, and a sweep starts several")
    if chosen.watch and chosen.plan:
        raise WrongUsage("--plan starts nothing, so there is nothing to --watch")
    api, screen = stack.Stack(chosen).api(), text_report.console()
    sweep = job_start.planned_sweep(chosen, api)
    if chosen.plan and chosen.json:
        return text_report.as_json({"sweep": sweep.label, "plans": sweep.plans})
    if not chosen.json:
        job_start.show_sweep(screen, sweep)
    if chosen.plan:
        say = "--yes" if job_start.cost_of_all(sweep.plans) is None else "--max-cost AMOUNT or --yes"
        text_report.line(screen, f"Nothing was started. To start it, say {say} instead of --plan.")
        return 0
    job_start.check_cost(chosen, sweep)
    text_report.line(text_report.console(stderr=True), f"starting sweep {sweep.label}")
    started = job_start.start_sweep(api, sweep)
    if chosen.watch:
        started = [job_show.watched(chosen, api, job["id"]) for job in started]
    code = int(any(job_show.exit_code(chosen, job) for job in started))
    if chosen.json:
        text_report.as_json(started)
        return code
    when = "" if chosen.watch else " When they have ended:"
    text_report.line(screen, f"{len(started)} jobs were started.{when}")
    text_report.next_step(screen, stack.again(chosen, f"tunedrop jobs compare --sweep {sweep.label}"))
    return code


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
    found = listings.some(api, "/jobs", chosen.limit, **query)
    listings.say_more(found)
    if chosen.json:
        return text_report.as_json(found.items)
    screen = text_report.console()
    if found.items:
        job_text.listing(screen, found.items)
        return 0
    unknown = near_names.of_unknown(chosen, "datasets", chosen.dataset) if chosen.dataset else None
    text_report.line(screen, unknown or "No job of this kind yet.")
    text_report.next_step(screen, "tunedrop datasets list" if unknown else "tunedrop jobs start --help")
    return 0


def _stop(chosen: argparse.Namespace) -> int:
    job = stack.Stack(chosen).api().post(place("jobs", chosen.job, "stop"), {}, idempotency_key=secrets.token_hex(16))
    if chosen.json:
        return text_report.as_json(job)
    screen = text_report.console()
    text_report.line(screen, f"job {job['id']} is to stop; it is {job['status']}")
    text_report.next_step(screen, stack.again(chosen, job_text.next_command(job)))
    return 0

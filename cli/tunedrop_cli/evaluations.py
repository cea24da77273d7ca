"""`tunedrop evaluations start|list|show|stop`: whether a tuned model is better, by the test split it never saw."""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console
from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.evaluation_states import ENDED
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient
from tunedrop.domain.reports import next_commands

from tunedrop_cli import (
    evaluation_text,
    evaluation_watch,
    keyed,
    listings,
    options,
    report_files,
    stack,
    tables,
    text_report,
    written_files,
)
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

EPILOG = """examples:
  tunedrop evaluations start support-bot --candidate support-bot-prod --plan       what it would ask, show and cost
  tunedrop evaluations start support-bot --candidate support-bot-prod --gate better --watch
  tunedrop evaluations start support-bot@3 --candidate support-bot-next --against support-bot-prod --against base
  tunedrop evaluations list
  tunedrop evaluations show EVALUATION --watch
  tunedrop evaluations show EVALUATION --html evaluation.html
  tunedrop evaluations stop EVALUATION

exit code: 0 done, 1 refused, a gate that has not passed, or an end without a verdict, 2 wrong usage
"""
STARTS = """A candidate is a deployment or a base model. It is asked the test split of the version, and so is what it is
judged against: `base` is its own base model, which is the default. The first --against decides the verdict.
"""

Found = Mapping[str, Any]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop evaluations`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    start = actions.add_parser("start", help="ask candidates the test split and judge their answers", epilog=STARTS)
    _add_start_to(start)
    listing = actions.add_parser("list", help="list evaluations, newest first")
    listing.add_argument(
        "--limit", type=options.positive, default=20, metavar="N", help="the most to list (default: 20)"
    )
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show an evaluation: its verdict, what that stands on, and what to do next")
    show.add_argument("--watch", action="store_true", help="follow it to its verdict; Ctrl-C leaves it going")
    show.add_argument("--html", metavar="OUT.html", help="write its page, which has examples, to this new file")
    show.set_defaults(run=_show)
    stop = actions.add_parser("stop", help="stop an evaluation; what was asked until then is charged")
    stop.set_defaults(run=_stop)
    for action in (show, stop):
        action.add_argument("evaluation", metavar="EVALUATION", help="its id")
    for action in (start, listing, show, stop):
        action.formatter_class = argparse.RawDescriptionHelpFormatter
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)


def _add_start_to(start: argparse.ArgumentParser) -> None:
    start.add_argument("dataset", metavar="DATASET[@VERSION]", help="the data; default: its newest accepted version")
    start.add_argument("--candidate", required=True, metavar="NAME", help="the deployment or base model to judge")
    start.add_argument(
        "--against", action="append", metavar="NAME", help="what to judge it against; may be repeated (default: base)"
    )
    start.add_argument("--metric", choices=get_args(MetricName), help="what decides (default: what fits the answers)")
    start.add_argument(
        "--margin", type=options.share, metavar="SHARE", help="the difference that does not matter (default: 0.03)"
    )
    start.add_argument("--gate", choices=get_args(Gate), help="what the verdict has to be (default: none)")
    start.add_argument(
        "--on-insufficient", choices=get_args(OnInsufficient), help="the gate's word on too little evidence"
    )
    start.add_argument(
        "--max-records", type=options.positive, metavar="N", help="the most records to ask (default: 1000)"
    )
    start.add_argument("--plan", action="store_true", help="only say what it would ask, show and cost; ask nobody")
    start.add_argument("--plan-id", metavar="ID", help="do exactly what the plan with this id says, or nothing")
    start.add_argument("--watch", action="store_true", help="follow it to its verdict; Ctrl-C leaves it going")
    keyed.add_to(start)
    start.set_defaults(run=_start)


def _start(chosen: argparse.Namespace) -> int:
    if chosen.plan and chosen.watch:
        raise WrongUsage("--plan asks nobody, so there is nothing to --watch")
    body = _body(chosen)
    api, screen = stack.Stack(chosen).api(), text_report.console()
    if chosen.plan:
        plan = api.post("/evaluations", body, plan="true")
        if chosen.json:
            return text_report.as_json(plan)
        evaluation_text.plan(screen, plan)
        text_report.next_step(screen, f"{stack.typed(chosen, leave_out='--plan')} --plan-id {plan['plan_id']}")
        return 0
    doubt = "It may have been started all the same. To learn that, without asking twice:"
    with keyed.request(chosen, doubt) as key:
        found = api.post("/evaluations", body, idempotency_key=key)
    if chosen.watch:
        return _told(chosen, screen, _watched(chosen, api, found["id"]))
    if chosen.json:
        return text_report.as_json(found)
    evaluation_text.facts(screen, found)
    text_report.next_step(screen, stack.again(chosen, next_commands.show_evaluation(found["id"], watch=True)))
    return 0


def _body(chosen: argparse.Namespace) -> dict[str, Any]:
    said = {
        "candidate": chosen.candidate,
        "against": chosen.against,
        "metric": chosen.metric,
        "margin": chosen.margin,
        "gate": chosen.gate,
        "on_insufficient": chosen.on_insufficient,
        "max_records": chosen.max_records,
        "plan_id": chosen.plan_id,
    }
    given = {name: value for name, value in said.items() if value is not None}
    return {**options.dataset_version(chosen.dataset), **given}


def _list(chosen: argparse.Namespace) -> int:
    found = listings.some(stack.Stack(chosen).api(), "/evaluations", chosen.limit)
    listings.say_more(found)
    if chosen.json:
        return text_report.as_json(found.items)
    screen = text_report.console()
    if not found.items:
        text_report.line(screen, "No evaluation yet.")
        text_report.next_step(screen, "tunedrop evaluations start --help")
        return 0
    tables.show(screen, evaluation_text.COLUMNS, map(evaluation_text.row, found.items), spare=3)
    return 0


def _show(chosen: argparse.Namespace) -> int:
    api = stack.Stack(chosen).api()
    if chosen.watch:
        found = _watched(chosen, api, chosen.evaluation)
    else:
        found = api.get(place("evaluations", chosen.evaluation))
    code = _told(chosen, text_report.console(), found)
    if chosen.html:
        _write_page(found, chosen.html)
    return code


def _stop(chosen: argparse.Namespace) -> int:
    path = place("evaluations", chosen.evaluation, "stop")
    found = stack.Stack(chosen).api().post(path, {}, idempotency_key=secrets.token_hex(16))
    if chosen.json:
        return text_report.as_json(found)
    screen = text_report.console()
    text_report.line(screen, f"evaluation {found['id']} is to stop; it is {found['state']}")
    text_report.next_step(screen, stack.again(chosen, next_commands.show_evaluation(found["id"])))
    return 0


def _watched(chosen: argparse.Namespace, api: ControlApi, evaluation_id: str) -> Found:
    """Follow an evaluation to its end; where that is cut short, say how to come back."""
    aside = text_report.console(stderr=True)
    try:
        return evaluation_watch.follow(api, evaluation_id, aside if chosen.json else text_report.console())
    except (KeyboardInterrupt, Exception):
        text_report.line(aside, "The evaluation goes on. To come back to it:")
        text_report.next_step(aside, stack.again(chosen, next_commands.show_evaluation(evaluation_id, watch=True)))
        raise


def _told(chosen: argparse.Namespace, screen: Console, found: Found) -> int:
    """Print an evaluation, by its report if there is one; return the exit code."""
    if chosen.json:
        text_report.as_json(found)
        return exit_code(found)
    report = _report(found)
    if report:
        evaluation_text.whole(screen, report)
        text_report.line(screen)
        text_report.next_step(screen, stack.again(chosen, next_commands.keep_page_of_evaluation(found["id"])))
        return exit_code(found)
    evaluation_text.facts(screen, found)
    if found["state"] not in ENDED:
        text_report.next_step(screen, stack.again(chosen, next_commands.show_evaluation(found["id"], watch=True)))
    return exit_code(found)


def exit_code(found: Found) -> int:
    """1 where a gate was asked for and has not passed, or where an evaluation ended without a verdict."""
    if found["state"] in ENDED - {"Completed"}:
        return 1
    return int(found["gate"] != "none" and found["outcome"] != "passed")


def _report(found: Found) -> Found | None:
    """The report; None before there is one, and where it can't be read, which is said: its data may be erased."""
    if not found["report_url"]:
        return None
    try:
        read: Found = json.loads(report_files.read(found["report_url"]))
    except Refused as refused:
        text_report.line(text_report.console(stderr=True), f"tunedrop: {refused}")
        return None
    return read


def _write_page(found: Found, path: str) -> None:
    if not found["page_url"]:
        words = f"evaluation {found['id']} is {found['state']}: it has a page once it is Completed"
        raise Refused(0, {"code": "no_report", "message": words})
    written_files.write_new(path, report_files.read(found["page_url"]))
    text_report.line(text_report.console(stderr=True), f"page: {path}")

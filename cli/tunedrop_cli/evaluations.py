"""`tunedrop evaluations start|list|show|approve|stop`: whether a tuned model is better, by test data it never saw."""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.evaluation.evaluation_states import ENDED
from tunedrop.domain.reports import evaluation_page, next_commands

from tunedrop_cli import (
    answer_uploads,
    blind_labels,
    evaluation_options,
    evaluation_text,
    evaluation_watch,
    held_deployments,
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
  tunedrop evaluations start support-bot --candidate support-bot-prod --answers old-model.jsonl
  tunedrop evaluations list
  tunedrop evaluations show EVALUATION --watch
  tunedrop evaluations show EVALUATION --html evaluation.html
  tunedrop evaluations approve EVALUATION --reason "two labels are wrong"      another person than who asked
  tunedrop evaluations show EVALUATION --sheet blind       answers for people to choose from, not knowing whose
  tunedrop evaluations show EVALUATION --labels blind/sheet.csv
  tunedrop evaluations stop EVALUATION

exit code: 0 done, 1 refused, a gate that has not passed, or an end without a verdict, 2 wrong usage
"""
STARTS = """A candidate is a deployment or a base model. It is asked the test split of the version, and so is what it is
judged against: `base` is its own base model, which is the default; `base:few_shot=5` shows it examples from train.
The first --against or --answers decides the verdict.
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
    show.add_argument("--sheet", metavar="FOLDER", help="write answers A and B for people to choose from, blindly")
    show.add_argument("--labels", metavar="FILE.csv", help="the sheet with people's choices: say what they prefer")
    show.set_defaults(run=_show, bucket=None)
    approve = actions.add_parser("approve", help="let a deployment go live that its evaluation's gate holds")
    approve.add_argument("--reason", required=True, metavar="WORDS", help="why, for whoever reads of it later")
    keyed.add_to(approve)
    approve.set_defaults(run=_approve)
    stop = actions.add_parser("stop", help="stop an evaluation; what was asked until then is charged")
    stop.set_defaults(run=_stop)
    for action in (show, approve, stop):
        action.add_argument("evaluation", metavar="EVALUATION", help="its id")
    for action in (start, listing, show, approve, stop):
        action.formatter_class = argparse.RawDescriptionHelpFormatter
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)


def _add_start_to(start: argparse.ArgumentParser) -> None:
    start.add_argument("dataset", metavar="DATASET[@VERSION]", help="the data; default: its newest accepted version")
    start.add_argument("--candidate", required=True, metavar="NAME", help="the deployment or base model to judge")
    evaluation_options.add_to(start)
    start.add_argument(
        "--answers",
        action="append",
        dest="against",
        type=Path,
        metavar="FILE.jsonl",
        help="judge it against answers made elsewhere, which are uploaded: a line each, "
        '{"record": 7, "answer": "…"}, or "prompt" or "messages" instead of "record"',
    )
    start.add_argument("--group-by", metavar="FIELD", help="records with one value of this kept field belong together")
    start.add_argument(
        "--accept-unknown-price", action="store_true", help="start under a budget although a price is not configured"
    )
    start.add_argument("--plan", action="store_true", help="only say what it would ask, show and cost; ask nobody")
    start.add_argument("--plan-id", metavar="ID", help="do exactly what the plan with this id says, or nothing")
    start.add_argument("--watch", action="store_true", help="follow it to its verdict; Ctrl-C leaves it going")
    keyed.add_to(start)
    start.set_defaults(run=_start)


def _start(chosen: argparse.Namespace) -> int:
    if chosen.plan and chosen.watch:
        raise WrongUsage("--plan asks nobody, so there is nothing to --watch")
    asked = body(chosen)
    api, screen = stack.Stack(chosen).api(), text_report.console()
    if chosen.against:
        asked["against"] = [_named(api, asked["dataset"], each) for each in chosen.against]
    if chosen.plan:
        plan = api.post("/evaluations", asked, plan="true")
        if chosen.json:
            return text_report.as_json(plan)
        evaluation_text.plan(screen, plan)
        text_report.next_step(screen, f"{stack.typed(chosen, leave_out='--plan')} --plan-id {plan['plan_id']}")
        return 0
    doubt = "It may have been started all the same. To learn that, without asking twice:"
    with keyed.request(chosen, doubt) as key:
        found = api.post("/evaluations", asked, idempotency_key=key)
    if chosen.watch:
        return _told(chosen, screen, _watched(chosen, api, found["id"]))
    if chosen.json:
        return text_report.as_json(found)
    evaluation_text.facts(screen, found)
    text_report.next_step(screen, stack.again(chosen, next_commands.show_evaluation(found["id"], watch=True)))
    return 0


def body(chosen: argparse.Namespace) -> dict[str, Any]:
    """The body of `POST /evaluations`."""
    given = {"candidate": chosen.candidate, **evaluation_options.said(chosen)}
    own = {
        "group_by": chosen.group_by,
        "plan_id": chosen.plan_id,
        "accept_unknown_price": chosen.accept_unknown_price or None,
    }
    given |= {name: value for name, value in own.items() if value is not None}
    return {**options.dataset_version(chosen.dataset), **given}


def _named(api: ControlApi, dataset: str, against: str | Path) -> str:
    """What a request calls it: a file's answers once they are uploaded."""
    return answer_uploads.upload(api, dataset, against) if isinstance(against, Path) else against


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
    reached = stack.Stack(chosen)
    api = reached.api()
    if chosen.watch:
        found = _watched(chosen, api, chosen.evaluation)
    else:
        found = api.get(place("evaluations", chosen.evaluation))
    if chosen.sheet or chosen.labels:
        return _by_people(chosen, reached, found)
    code = _told(chosen, text_report.console(), found)
    if chosen.html:
        _write_page(chosen, found)
    return code


def _approve(chosen: argparse.Namespace) -> int:
    api, path = stack.Stack(chosen).api(), place("evaluations", chosen.evaluation, "approve")
    with keyed.request(chosen, "It may be approved all the same. To learn that:") as key:
        found = api.post(path, {"reason": chosen.reason}, idempotency_key=key)
    if chosen.json:
        return text_report.as_json(found)
    screen = text_report.console()
    text_report.line(screen, f"deployment {found['deployment']} goes live, approved by {found['approved_by']}")
    text_report.next_step(screen, stack.again(chosen, next_commands.show_deployment(found["deployment"])))
    return 0


def _by_people(chosen: argparse.Namespace, reached: stack.Stack, found: Found) -> int:
    """Write a blind sheet, or say what came back on one."""
    sheet, screen = blind_labels.read(reached, found), text_report.console()
    if chosen.sheet:
        blind_labels.write(chosen.sheet, found["id"], sheet)
        text_report.line(
            screen, f"{len(sheet):,} records on {blind_labels.PAGE} and {blind_labels.TABLE} in {chosen.sheet}"
        )
        filled = str(Path(chosen.sheet, blind_labels.TABLE))
        text_report.next_step(
            screen, stack.again(chosen, next_commands.count_labels_of_evaluation(found["id"], filled))
        )
    if chosen.labels:
        told = blind_labels.preference(chosen.labels, sheet)
        if chosen.json:
            return text_report.as_json({**asdict(told), "labels": told.labels})
        blind_labels.show(screen, found, told)
    return 0


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
    report = _report(chosen, found)
    if report:
        evaluation_text.whole(screen, held_deployments.since_approved(report, found))
        text_report.line(screen)
        text_report.next_step(screen, stack.again(chosen, next_commands.keep_page_of_evaluation(found["id"])))
        held_deployments.say_next(chosen, screen, found)
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


def _report(chosen: argparse.Namespace, found: Found) -> Found | None:
    """The report; None before there is one, and where it can't be read, which is said: its data may be erased."""
    if not found["report_uri"]:
        return None
    try:
        read: Found = json.loads(report_files.read_object(stack.Stack(chosen).s3(), found["report_uri"]))
    except Refused as refused:
        text_report.line(text_report.console(stderr=True), f"tunedrop: {refused}")
        return None
    return read


def _write_page(chosen: argparse.Namespace, found: Found) -> None:
    if not found["page_uri"]:
        words = f"evaluation {found['id']} is {found['state']}: it has a page once it is Completed"
        raise Refused(0, {"code": "no_report", "message": words})
    s3 = stack.Stack(chosen).s3()
    if found["approved_by"]:
        report = json.loads(report_files.read_object(s3, found["report_uri"]))
        page = evaluation_page.render(held_deployments.since_approved(report, found))
    else:
        page = report_files.read_object(s3, found["page_uri"])
    written_files.write_new(chosen.html, page)
    text_report.line(text_report.console(stderr=True), f"page: {chosen.html}")

"""`tunedrop deployments put|list|show|release`: what serves custom models, until when and for how much."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.reports import next_commands

from tunedrop_cli import deployment_text, keyed, listings, local_times, options, stack, tables, text_report
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

EPILOG = """examples:
  tunedrop deployments put support-bot-prod --job ID --plan    what serving its model would do and cost
  tunedrop deployments put support-bot-prod --job ID --watch   serves it, or swaps it in place
  tunedrop deployments put support-bot-prod --expires-at 2026-12-01T18:00:00Z      renews it
  tunedrop deployments list --state Ready
  tunedrop deployments release support-bot-prod      ends what it costs; its custom model stays
"""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
"""Seconds between two looks at a deployment that is on its way."""
ON_ITS_WAY = frozenset({"Creating", "Updating", "Releasing"})
STATES = ("Creating", "Ready", "Updating", "Releasing", "Released", "Failed")


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop deployments`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    put = actions.add_parser("put", help="serve a model that exists, swap it in place, or give it another end")
    _add_put_to(put)
    listing = actions.add_parser("list", help="list deployments, newest first")
    listing.add_argument(
        "--limit", type=options.positive, default=100, metavar="N", help="the most to list (default: 100)"
    )
    listing.add_argument("--state", choices=STATES, help="only those in this state")
    listing.add_argument("--dataset", help="only those whose model was trained on this dataset")
    listing.add_argument("--owner", help="only those of this owner")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show a deployment: its state, its cost, its expiry and its history")
    show.add_argument("--watch", action="store_true", help="follow it until it is Ready or has ended")
    show.set_defaults(run=_show)
    release = actions.add_parser("release", help="give a deployment's capacity back; its custom model stays")
    release.set_defaults(run=_release)
    for action in (put, show, release):
        action.add_argument("deployment", metavar="DEPLOYMENT", help="its name")
    for action in (put, listing, show, release):
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)


def _add_put_to(put: argparse.ArgumentParser) -> None:
    served = put.add_mutually_exclusive_group()
    served.add_argument("--job", metavar="ID", help="the Completed job whose custom model it serves")
    served.add_argument("--model", metavar="MODEL", help="the same by the custom model's name or ARN")
    put.add_argument("--serving", choices=("on_demand", "provisioned_throughput"), help="default: on demand if it can")
    put.add_argument("--model-units", type=options.positive, metavar="N", help="of provisioned throughput; default: 1")
    end = put.add_mutually_exclusive_group()
    end.add_argument(
        "--hours", type=options.positive, metavar="N", help="from the purchase to its release, at most 168"
    )
    end.add_argument("--expires-at", metavar="TIME", help="when it is released, such as 2026-12-01T18:00:00Z")
    put.add_argument("--plan", action="store_true", help="only say what it would do and cost; change nothing")
    put.add_argument("--plan-id", metavar="ID", help="do exactly what the plan with this id says, or nothing")
    put.add_argument("--watch", action="store_true", help="follow it until it is Ready; Ctrl-C leaves it going")
    keyed.add_to(put)
    put.set_defaults(run=_put)


def _put(chosen: argparse.Namespace) -> int:
    if chosen.plan and chosen.watch:
        raise WrongUsage("--plan changes nothing, so there is nothing to --watch")
    api, screen, path = stack.Stack(chosen).api(), text_report.console(), place("deployments", chosen.deployment)
    if chosen.plan:
        plan = api.put(path, _body(chosen), plan="true")
        if chosen.json:
            return text_report.as_json(plan)
        deployment_text.plan(screen, plan)
        if plan["changes"]:
            text_report.next_step(screen, f"{stack.typed(chosen, leave_out='--plan')} --plan-id {plan['plan_id']}")
        return 0
    doubt = "It may have been done all the same. To learn that, without buying twice:"
    with keyed.request(chosen, doubt) as key:
        found = api.put(path, _body(chosen), idempotency_key=key)
    if chosen.watch:
        found = _followed(api, path, screen, found)
    return _told(chosen, found)


def _body(chosen: argparse.Namespace) -> dict[str, Any]:
    said = {
        "job_id": chosen.job,
        "model": chosen.model,
        "serving": chosen.serving,
        "model_units": chosen.model_units,
        "hours": chosen.hours,
        "expires_at": chosen.expires_at,
        "plan_id": chosen.plan_id,
    }
    return {name: value for name, value in said.items() if value is not None}


def _list(chosen: argparse.Namespace) -> int:
    asked = {"state": chosen.state, "dataset": chosen.dataset, "owner": chosen.owner}
    wanted = {name: value for name, value in asked.items() if value}
    found = listings.some(stack.Stack(chosen).api(), "/deployments", chosen.limit, **wanted)
    listings.say_more(found)
    if chosen.json:
        return text_report.as_json(found.items)
    screen = text_report.console()
    if not found.items:
        text_report.line(screen, "No such deployment." if wanted else "No deployment yet: tunedrop deployments put …")
        return 0
    tables.show(screen, deployment_text.COLUMNS, map(deployment_text.row, found.items), spare=4)
    return 0


def _show(chosen: argparse.Namespace) -> int:
    api, path = stack.Stack(chosen).api(), place("deployments", chosen.deployment)
    found = api.get(path)
    if chosen.watch:
        found = _followed(api, path, text_report.console(), found)
    return _told(chosen, found)


def _release(chosen: argparse.Namespace) -> int:
    found = stack.Stack(chosen).api().delete(place("deployments", chosen.deployment))
    return _told(chosen, found)


def _followed(api: ControlApi, path: str, screen: Console, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Print each new entry of its history until it is Ready or has ended."""
    told, pause = 0, FIRST_PAUSE
    while True:
        for entry in found["history"][told:]:
            text_report.line(screen, f"{local_times.shown(entry['time'])}  {entry['state']}  {entry['note']}")
        told = len(found["history"])
        if found["state"] not in ON_ITS_WAY:
            return found
        time.sleep(pause)
        pause = min(pause * 1.2, LONGEST_PAUSE)
        found = api.get(path)


def _told(chosen: argparse.Namespace, found: Mapping[str, Any]) -> int:
    failed = bool(getattr(chosen, "watch", False)) and found["state"] != "Ready"
    if chosen.json:
        text_report.as_json(found)
        return int(failed)
    screen = text_report.console()
    deployment_text.whole(screen, found)
    if found["state"] == "Ready":
        text_report.next_step(screen, stack.again(chosen, next_commands.create_key(found["name"])))
    return int(failed)

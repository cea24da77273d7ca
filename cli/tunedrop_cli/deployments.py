"""`tunedrop deployments put|list|show|approve|delete`: what serves custom models, until when and for how much."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.reports import next_commands

from tunedrop_cli import (
    adoption,
    deployment_approval,
    deployment_gate,
    deployment_text,
    evaluation_options,
    keyed,
    listings,
    local_times,
    option_words,
    options,
    pauses,
    stack,
    tables,
    text_report,
)
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

EPILOG = """examples:
  tunedrop deployments put support-bot-prod --job ID --plan    what serving its model would do and cost
  tunedrop deployments put support-bot-prod --job ID --watch   serves it, or swaps it in place
  tunedrop deployments put support-bot-prod --expires-at 2026-12-01T18:00:00Z      renews it
  tunedrop deployments list --state Ready
  tunedrop deployments list --orphans      what Bedrock bills that no deployment owns
  tunedrop deployments put support-bot-prod --arn ARN --plan   adopts it, or what procurement bought
  tunedrop deployments approve support-bot-prod --term one_month --plan-id ID --reason "the launch"
  tunedrop deployments delete support-bot-prod --plan      what would end, what it has cost, who may be calling
  tunedrop deployments delete support-bot-prod --watch     ends what it costs; its custom model stays
"""
ON_ITS_WAY = frozenset({"Creating", "Evaluating", "Updating", "Releasing"})
STATES = ("Creating", "Evaluating", "Held", "Ready", "Updating", "Releasing", "Released", "Failed")


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
    listing.add_argument("--orphans", action="store_true", help="what Bedrock has and no deployment owns, instead")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show a deployment: its state, its cost, its expiry and its history")
    show.add_argument("--watch", action="store_true", help="follow it until it is Ready or has ended")
    show.set_defaults(run=_show)
    delete = actions.add_parser("delete", help="release what a deployment holds; its custom model stays")
    delete.add_argument("--plan", action="store_true", help="only say what would end; change nothing")
    delete.add_argument("--now", action="store_true", help="cut off calls that are still answered, instead of waiting")
    delete.add_argument("--watch", action="store_true", help="follow it until it is Released")
    delete.set_defaults(run=_delete)
    approve = deployment_approval.add_to(actions)
    for action in (put, show, approve, delete):
        action.add_argument("deployment", metavar="DEPLOYMENT", help="its name")
    for action in (put, listing, show, approve, delete):
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)


def _add_put_to(put: argparse.ArgumentParser) -> None:
    served = put.add_mutually_exclusive_group()
    served.add_argument("--job", metavar="ID", help="the Completed job whose custom model it serves")
    served.add_argument("--model", metavar="MODEL", help="the same by the custom model's name or ARN")
    served.add_argument("--arn", help="adopt the capacity that exists by this ARN; untagged, it gets the stack's tag")
    put.add_argument("--serving", choices=("on_demand", "provisioned_throughput"), help="default: on demand if it can")
    put.add_argument("--model-units", type=options.positive, metavar="N", help="of provisioned throughput; default: 1")
    end = put.add_mutually_exclusive_group()
    end.add_argument(
        "--hours",
        type=options.positive,
        metavar="N",
        help="from its purchase to its release, at most 168; they count from there also when it is renewed",
    )
    end.add_argument(
        "--expires-at",
        type=options.moment,
        metavar="TIME",
        help="when it is released, such as 2026-12-01T18:00:00Z; without a zone, in this machine's",
    )
    end.add_argument("--no-end", action="store_true", help="serve it until somebody deletes it (on demand only)")
    put.add_argument(
        "--second-unit",
        action="store_true",
        help="buy another unit for what can't be changed in place; it takes over once it is Ready, or its gate passed",
    )
    put.add_argument(
        "--commitment",
        choices=deployment_approval.TERMS,
        help="buy it for this whole term, which nobody can cut short, once another person has approved it",
    )
    _add_stops_to(put)
    evaluation_options.add_gate_to(put)
    put.add_argument("--plan", action="store_true", help="only say what it would do and cost; change nothing")
    put.add_argument("--plan-id", metavar="ID", help="do exactly what the plan with this id says, or nothing")
    put.add_argument("--watch", action="store_true", help="follow it until it is Ready; Ctrl-C leaves it going")
    keyed.add_to(put)
    put.set_defaults(run=_put)


def _add_stops_to(put: argparse.ArgumentParser) -> None:
    put.add_argument(
        "--idle-minutes",
        type=int,
        metavar="N",
        help="release it once nobody has called it for so long, 10 or more; 0: only at its end (default)",
    )
    put.add_argument(
        "--on-budget", choices=("notify", "release"), help="when the month's budget is exceeded; default: notify"
    )
    put.add_argument(
        "--accept-unknown-price", action="store_true", help="buy under a budget although no price is configured"
    )


def _put(chosen: argparse.Namespace) -> int:
    _check_flags(chosen)
    here = stack.Stack(chosen)
    api, screen, path = here.api(), text_report.console(), place("deployments", chosen.deployment)
    if chosen.plan:
        plan = api.put(path, _body(chosen), plan="true")
        if chosen.json:
            return text_report.as_json(plan)
        deployment_text.plan(screen, option_words.in_plan(chosen, plan))
        if plan["changes"]:
            text_report.next_step(screen, f"{stack.typed(chosen, leave_out='--plan')} --plan-id {plan['plan_id']}")
        return 0
    before = _as_it_was(api, path)
    found = adoption.tagging(here, chosen.arn, lambda: _sent(chosen, api, path))
    if found["history"] == before and not chosen.json:
        text_report.line(screen, "Nothing to change: it is so already.")
    if chosen.watch:
        if not chosen.json:
            deployment_approval.ask(chosen, screen, found)
        unit = found["second_unit"]
        asked = (unit if unit and unit["state"] != "releasing" else found)["generation"]
        found = _followed(api, path, screen, found, told=before)
        if deployment_gate.is_refused(found, asked):
            return deployment_gate.refused(chosen, screen, found, unit)
        return _told(chosen, api, found)
    return _told(chosen, api, found)


def _as_it_was(api: ControlApi, path: str) -> list[Any]:
    """The history until now; none of a deployment that is not there yet."""
    try:
        return list(api.get(path)["history"])
    except Refused as refused:
        if refused.code != "unknown_deployment":
            raise
        return []


def _sent(chosen: argparse.Namespace, api: ControlApi, path: str) -> Mapping[str, Any]:
    doubt = "It may have been done all the same. To learn that, without buying twice:"
    with keyed.request(chosen, doubt) as key:
        return dict(api.put(path, _body(chosen), idempotency_key=key))


def _body(chosen: argparse.Namespace) -> dict[str, Any]:
    said = {
        "job_id": chosen.job,
        "model": chosen.model,
        "serving": chosen.serving,
        "model_units": chosen.model_units,
        "hours": chosen.hours,
        "expires_at": chosen.expires_at,
        "no_end": chosen.no_end or None,
        "second_unit": chosen.second_unit or None,
        "idle_minutes": chosen.idle_minutes,
        "on_budget": chosen.on_budget,
        "accept_unknown_price": chosen.accept_unknown_price or None,
        "arn": chosen.arn,
        "commitment": chosen.commitment,
        "plan_id": chosen.plan_id,
    }
    given = {name: value for name, value in said.items() if value is not None}
    return given | evaluation_options.gate(chosen, deployment=chosen.deployment)


def _list(chosen: argparse.Namespace) -> int:
    if chosen.orphans:
        return _list_orphans(chosen)
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
    tables.show(screen, deployment_text.COLUMNS, map(deployment_text.row, found.items), spare=2)
    return 0


def _list_orphans(chosen: argparse.Namespace) -> int:
    found = stack.Stack(chosen).api().get("/deployments", orphans="true")
    if chosen.json:
        return text_report.as_json({name: found[name] for name in ("orphans", "foreign")})
    adoption.show(text_report.console(), found["orphans"], found["foreign"])
    return 0


def _show(chosen: argparse.Namespace) -> int:
    api, path = stack.Stack(chosen).api(), place("deployments", chosen.deployment)
    found = api.get(path)
    if chosen.watch:
        found = _followed(api, path, text_report.console(), found)
    return _told(chosen, api, found)


def _delete(chosen: argparse.Namespace) -> int:
    _check_flags(chosen)
    api, screen, path = stack.Stack(chosen).api(), text_report.console(), place("deployments", chosen.deployment)
    if chosen.plan:
        plan = api.delete(path, plan="true")
        if chosen.json:
            return text_report.as_json(plan)
        deployment_text.release_plan(screen, plan)
        if plan["changes"]:
            text_report.next_step(screen, stack.typed(chosen, leave_out="--plan"))
        return 0
    before = _as_it_was(api, path) if chosen.watch else []
    found: Mapping[str, Any] = api.delete(path, **({"now": "true"} if chosen.now else {}))
    if chosen.watch:
        if not (chosen.now or chosen.json):
            deployment_text.draining(screen, found)
        found = _followed(api, path, screen, found, told=before)
    return _told(chosen, api, found, wanted="Released")


def _check_flags(chosen: argparse.Namespace) -> None:
    if chosen.plan and chosen.watch:
        raise WrongUsage("--plan changes nothing, so there is nothing to --watch")


def _followed(
    api: ControlApi, path: str, screen: Console, found: Mapping[str, Any], told: Sequence[Any] = ()
) -> Mapping[str, Any]:
    """Print each entry of its history that was not `told` until it is Ready or has ended."""
    seen = list(told)
    for pause in pauses.growing():
        for entry in found["history"]:
            if entry not in seen:  # a long history lets go of its first entries
                text_report.line(screen, f"{local_times.shown(entry['time'])}  {entry['state']}  {entry['note']}")
        seen = found["history"]
        if found["state"] not in ON_ITS_WAY:
            break
        time.sleep(pause)
        found = api.get(path)
    return found


def _told(chosen: argparse.Namespace, api: ControlApi, found: Mapping[str, Any], wanted: str = "Ready") -> int:
    failed = chosen.watch and found["state"] != wanted
    if chosen.json:
        text_report.as_json(found)
        return int(failed)
    screen, gate = text_report.console(), deployment_gate.find(api, found)
    deployment_text.whole(screen, found, gate=deployment_gate.rows(gate), history=not chosen.watch)
    deployment_approval.ask(chosen, screen, found)
    if wanted == "Ready":
        deployment_gate.say_next(chosen, screen, gate)
    if found["state"] == "Ready":
        text_report.next_step(screen, stack.again(chosen, next_commands.create_key(found["name"])))
    return int(failed)

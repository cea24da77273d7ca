"""`tunedrop models list|show|delete`: custom models, the job and data that made each, and what serves it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.reports import next_commands

from tunedrop_cli import amounts, judged_models, listings, local_times, options, stack, tables, text_report
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

EPILOG = """examples:
  tunedrop models list --dataset support-bot
  tunedrop models show support-bot-v3-0f1e2d3c-5b1d9e02
  tunedrop models delete support-bot-v3-0f1e2d3c-5b1d9e02 --plan
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop models`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list custom models, newest first")
    listing.add_argument(
        "--limit", type=options.positive, default=100, metavar="N", help="the most to list (default: 100)"
    )
    listing.add_argument("--dataset", help="only those trained on this dataset")
    listing.add_argument("--owner", help="only those of this owner")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show a custom model: its data, what storing it costs, what serves it")
    show.set_defaults(run=_show)
    delete = actions.add_parser("delete", help="delete a custom model in Bedrock, for good")
    delete.add_argument("--plan", action="store_true", help="only say what would be deleted; change nothing")
    delete.add_argument("--yes", action="store_true", help="delete without asking")
    delete.set_defaults(run=_delete)
    for action in (show, delete):
        action.add_argument("model", metavar="MODEL", help="its name, its ARN, or the id of its job")
    for action in (listing, show, delete):
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)


def _list(chosen: argparse.Namespace) -> int:
    wanted = {name: value for name, value in (("dataset", chosen.dataset), ("owner", chosen.owner)) if value}
    found = listings.some(stack.Stack(chosen).api(), "/models", chosen.limit, **wanted)
    listings.say_more(found)
    if chosen.json:
        return text_report.as_json(found.items)
    screen = text_report.console()
    if not found.items:
        text_report.line(screen, "No custom model yet: a job that completes makes one.")
        return 0
    columns = ("model", "state", "served by", "a month", "made", "data", "base model", "job")
    tables.show(screen, columns, map(_row, found.items), spare=4)
    return 0


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        found["name"],
        state(found),
        _served(found) or "-",
        "-" if found["is_there"] is False else amounts.money(*_month(found)),
        local_times.shown(found["created_at"]),
        f"{found['dataset']}@{found['version']}",
        found["base_model"],
        found["job_id"],
    )


def _show(chosen: argparse.Namespace) -> int:
    api = stack.Stack(chosen).api()
    found = api.get(_place(api, chosen.model))
    if chosen.json:
        return text_report.as_json(found)
    screen = text_report.console()
    _whole(screen, found)
    judged_models.show(screen, found["evaluations"])
    if found["evaluations"]:
        shown = next_commands.show_evaluation(found["evaluations"][0]["evaluation_id"])
        text_report.next_step(screen, stack.again(chosen, shown))
    is_worse = judged_models.is_worse(found["evaluations"], found["job_id"])
    if found["is_there"] and not (found["deployments"] or found["is_erased"] or is_worse):
        put = next_commands.plan_serving(found["dataset"], found["job_id"])
        text_report.next_step(screen, stack.again(chosen, put))
    return 0


def _delete(chosen: argparse.Namespace) -> int:
    if not (chosen.yes or chosen.plan or sys.stdin.isatty()):
        raise WrongUsage("this deletes a custom model: say --yes, or see first what would be deleted by --plan")
    api, screen = stack.Stack(chosen).api(), text_report.console()
    path = _place(api, chosen.model)
    if not chosen.yes or chosen.plan:
        plan = api.delete(path, plan="true")
        if chosen.plan and chosen.json:
            return text_report.as_json(plan)
        _whole(screen, plan)
        if chosen.plan:
            text_report.next_step(screen, stack.again(chosen, f"{next_commands.delete_model(plan['name'])} --yes"))
            return 0
        if input("Delete it for good? Type yes: ") != "yes":
            text_report.line(screen, "Nothing was deleted.")
            return 1
    found = api.delete(path)
    if chosen.json:
        return text_report.as_json(found)
    text_report.line(screen, f"{found['name']}: {_deletion(found)}.")
    return 0


def _place(api: ControlApi, model: str) -> str:
    """The path of a model; one that is named by its ARN has to be looked for."""
    if not model.startswith("arn:"):
        return place("models", model)
    query: dict[str, str] = {}
    while True:
        page = api.get("/models", limit=100, **query)
        for each in page["models"]:
            if each["model_arn"] == model:
                return place("models", each["name"])
        if page["cursor"] is None:
            raise WrongUsage(f"no job of this stack made a custom model with the ARN {model}")
        query = {"cursor": page["cursor"]}


def _whole(screen: Console, found: Mapping[str, Any]) -> None:
    tables.facts(
        screen,
        [
            ("model", found["name"]),
            ("is", "" if found["is_there"] else state(found)),
            ("", "data it learned from is erased: it is not served again" if found["is_erased"] else ""),
            ("deletion", _deletion(found)),
            ("served by", _served(found) or "nothing"),
            ("stored for", _stored_for(found)),
            ("job", found["job_id"]),
            ("tuned further", f"from the model of job {found['from_job']}" if found["from_job"] else ""),
            ("base model", found["base_model"]),
            ("data", f"{found['dataset']}@{found['version']}"),
            *((name, f"{split['records']:,} records, SHA-256 {split['sha256']}") for name, split in _splits(found)),
            ("owner", found["owner"]),
            ("made", local_times.shown(found["created_at"])),
            ("arn", found["model_arn"]),
        ],
    )


def _deletion(found: Mapping[str, Any]) -> str:
    """How far its deletion has come; nothing if nobody asked for it."""
    asked = found.get("deletion")
    if asked is None:
        return ""
    if asked["deleted_at"]:
        return f"deleted {local_times.shown(asked['deleted_at'])}, asked for by {asked['asked_by']}"
    if asked["code"]:
        return f"given up: {asked['message']} ({asked['code']})"
    return f"on its way, asked for by {asked['asked_by']}"


def state(found: Mapping[str, Any]) -> str:
    """Whether Bedrock keeps it, in a few words."""
    deletion = found.get("deletion") or {}
    if deletion.get("deleted_at"):
        return "deleted"
    if found["missed_at"]:
        return f"gone since {local_times.shown(found['missed_at'])}, deleted by somebody else"
    if found["is_there"] is False:
        return "gone, deleted by somebody else"
    if deletion and not deletion["code"]:
        return "being deleted"
    return "kept" if found["is_there"] else "not known whether Bedrock keeps it"


def _stored_for(found: Mapping[str, Any]) -> str:
    if found["is_there"] is False:
        return ""
    amount, currency = _month(found)
    return "an unknown fee: no price is set" if amount is None else f"{amounts.money(amount, currency)} a month"


def _month(found: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """What storing it costs, and in which currency."""
    cost = found["storage_cost"]
    return cost["month"], cost["currency"]


def _splits(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(found["splits"].items(), key=lambda item: item[0] != "train")


def _served(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{each['name']} ({each['state']})" for each in found["deployments"])

"""`tunedrop models list|show`: custom models, the job and data that made each, and what serves it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from tunedrop.domain.reports import next_commands

from tunedrop_cli import deployment_text, listings, local_times, options, stack, tables, text_report
from tunedrop_cli.paths import place

EPILOG = """examples:
  tunedrop models list --dataset support-bot
  tunedrop models show support-bot-v3-0f1e2d3c-5b1d9e02
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
    show.add_argument("model", metavar="MODEL", help="its name")
    show.set_defaults(run=_show)
    for action in (listing, show):
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
    columns = ("model", "served by", "made", "data", "base model", "job")
    tables.show(screen, columns, map(_row, found.items), spare=3)
    return 0


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        found["name"],
        _served(found) or "-",
        local_times.shown(found["created_at"]),
        f"{found['dataset']}@{found['version']}",
        found["base_model"],
        found["job_id"],
    )


def _show(chosen: argparse.Namespace) -> int:
    found = stack.Stack(chosen).api().get(place("models", chosen.model))
    if chosen.json:
        return text_report.as_json(found)
    screen = text_report.console()
    tables.facts(
        screen,
        [
            ("model", found["name"]),
            ("", "" if found["is_there"] else "Bedrock shows it to this stack no more: it was deleted"),
            ("", "data it learnt from is erased: it is not served again" if found["is_erased"] else ""),
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
    if not found["deployments"] and found["is_there"] and not found["is_erased"]:
        put = next_commands.plan_serving(found["dataset"], found["job_id"])
        text_report.next_step(screen, stack.again(chosen, put))
    return 0


def _stored_for(found: Mapping[str, Any]) -> str:
    cost = found["storage_cost"]
    if cost["month"] is None:
        return "an unknown fee: no price is set"
    return f"{deployment_text.money(cost['month'], cost['currency'])} a month"


def _splits(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(found["splits"].items(), key=lambda item: item[0] != "train")


def _served(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{each['name']} ({each['state']})" for each in found["deployments"])

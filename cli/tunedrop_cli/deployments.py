"""`tunedrop deployments list|show|release`: what serves custom models, until when, and giving it back."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from tunedrop.domain.reports import next_commands

from tunedrop_cli import listings, local_times, options, stack, tables, text_report

EPILOG = """examples:
  tunedrop deployments list
  tunedrop deployments show support-bot-prod
  tunedrop deployments release support-bot-prod      ends what it costs; its custom model stays
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop deployments`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list deployments, newest first")
    listing.add_argument(
        "--limit", type=options.positive, default=100, metavar="N", help="the most to list (default: 100)"
    )
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show a deployment: its state, its expiry and its history")
    show.set_defaults(run=_show)
    release = actions.add_parser("release", help="give a deployment's capacity back; its custom model stays")
    release.set_defaults(run=_release)
    for action in (show, release):
        action.add_argument("deployment", metavar="DEPLOYMENT", help="its name")
    for action in (listing, show, release):
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)


def _list(chosen: argparse.Namespace) -> int:
    found = listings.some(stack.Stack(chosen).api(), "/deployments", chosen.limit)
    listings.say_more(found)
    if chosen.json:
        return text_report.as_json(found.items)
    screen = text_report.console()
    if not found.items:
        text_report.line(screen, "No deployment yet. A job makes one when it completes: jobs start … --deploy NAME")
        return 0
    columns = ("deployment", "state", "served by", "units", "base model", "data", "until")
    tables.show(screen, columns, map(_row, found.items), spare=4)
    return 0


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        found["name"],
        found["state"],
        _way(found),
        str(found["model_units"] or "-"),
        found["base_model"],
        f"{found['dataset']}@{found['version']}",
        local_times.shown(found["expires_at"]),
    )


def _show(chosen: argparse.Namespace) -> int:
    found = stack.Stack(chosen).api().get(f"/deployments/{chosen.deployment}")
    return _told(chosen, found)


def _release(chosen: argparse.Namespace) -> int:
    found = stack.Stack(chosen).api().delete(f"/deployments/{chosen.deployment}")
    return _told(chosen, found)


def _told(chosen: argparse.Namespace, found: Mapping[str, Any]) -> int:
    if chosen.json:
        return text_report.as_json(found)
    screen = text_report.console()
    _whole(screen, found)
    if found["state"] == "Ready":
        text_report.next_step(screen, stack.again(chosen, next_commands.create_key(found["name"])))
    return 0


def _whole(screen: Console, found: Mapping[str, Any]) -> None:
    tables.facts(
        screen,
        [
            ("deployment", found["name"]),
            ("state", found["state"]),
            ("served by", _way(found)),
            ("billed", f"by the hour, {found['model_units']} model units" if found["model_units"] else "by the token"),
            ("until", local_times.shown(found["expires_at"]) if found["expires_at"] else ""),
            ("job", found["job_id"]),
            ("base model", f"{found['base_model']}, tuned on {found['dataset']}@{found['version']}"),
            ("arn", found["arn"] or ""),
            ("owner", found["owner"]),
            ("why", found["failure"] or ""),
        ],
    )
    text_report.line(screen)
    rows = ((local_times.shown(entry["time"]), entry["state"], entry["note"]) for entry in found["history"])
    tables.show(screen, ("time", "state", ""), rows)


def _way(found: Mapping[str, Any]) -> str:
    return str(found["serving"]).replace("_", " ")

"""`tunedrop datasets list|show|delete`: a stack's datasets, their verdicts, and their erasure."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from tunedrop.domain.reports import next_steps

from tunedrop_cli import listings, local_times, options, report_files, stack, tables, text_report, version_text
from tunedrop_cli.errors import WrongUsage
from tunedrop_cli.paths import place

EPILOG = """examples:
  tunedrop datasets list
  tunedrop datasets show support-bot                 the newest version: verdict, findings, links to its reports
  tunedrop datasets delete support-bot --plan        what would be erased, and what goes on billing
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop datasets`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list datasets, the most recently changed first")
    listing.add_argument(
        "--limit", type=options.positive, default=100, metavar="N", help="the most to list (default: 100)"
    )
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="show a version: its verdict, its findings and links to its reports")
    show.set_defaults(run=_show)
    delete = actions.add_parser("delete", help="erase a dataset, or one version of it; digests of it remain")
    delete.add_argument("--plan", action="store_true", help="only say what would be erased; erase nothing")
    delete.add_argument("--yes", action="store_true", help="erase without asking")
    delete.set_defaults(run=_delete)
    for action in (show, delete):
        action.add_argument("dataset", metavar="DATASET[@VERSION]", help="its name")
        action.add_argument(
            "--version", type=options.positive, metavar="N", help="this version (default: see the description)"
        )
    for action in (listing, show, delete):
        action.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
        stack.add_to(action)
    show.description = "Show the newest version of a dataset, or the one that --version names."
    delete.description = "Erase every S3 version of a whole dataset, or of the version that --version names."


def _list(chosen: argparse.Namespace) -> int:
    found = listings.some(stack.Stack(chosen).api(), "/datasets", chosen.limit)
    listings.say_more(found)
    if chosen.json:
        return text_report.as_json(found.items)
    screen = text_report.console()
    if not found.items:
        text_report.line(screen, "No dataset yet.")
        text_report.next_step(screen, "tunedrop push --help")
        return 0
    rows = (
        (each["name"], str(each["latest_version"] or "-"), each["status"] or "-", local_times.shown(each["updated_at"]))
        for each in found.items
    )
    tables.show(screen, ("dataset", "version", "status", "changed"), rows)
    return 0


def _split(chosen: argparse.Namespace) -> None:
    """Take `support-bot@3` for the version that --version would name. Raises WrongUsage if both name one."""
    name, at, version = chosen.dataset.partition("@")
    if not at:
        return
    if chosen.version is not None:
        raise WrongUsage("name the version once: DATASET@VERSION, or --version N")
    try:
        chosen.dataset, chosen.version = name, options.positive(version)
    except argparse.ArgumentTypeError as error:
        raise WrongUsage(f"{chosen.dataset!r} is no version: {error}") from None


def _show(chosen: argparse.Namespace) -> int:
    _split(chosen)
    api, screen = stack.Stack(chosen).api(), text_report.console()
    number = chosen.version
    if number is None:
        number = api.get(place("datasets", chosen.dataset))["latest_version"]
    if not number:
        text_report.line(screen, f"{chosen.dataset} has no version yet: its first split file makes one.")
        return 0
    version = api.get(place("datasets", chosen.dataset, "versions", number))
    if chosen.json:
        return text_report.as_json(version)
    explained = {**version, "top_findings": [*version["top_findings"], *_further(version)]}
    version_text.show(screen, explained, unchanged=False, again=functools.partial(stack.again, chosen))
    links = [(f"{each['base_model']} {each['split']}", each["page_url"] or "") for each in version["preparations"]]
    if version["status"] != "rejected" and any(url for _, url in links):
        text_report.line(screen, "Reports, for 15 minutes to whoever has the link:")
        tables.facts(screen, links)
    return 0


def _further(version: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The errors of rejected reports that the version does not tell, as those of a base model that a job asked for."""
    told = {(row["base_model"], row["split"]) for row in version["top_findings"] if row["severity"] == "error"}
    for item in version["preparations"]:
        where = {name: item[name] for name in ("base_model", "split")}
        if item["verdict"] != "rejected" or tuple(where.values()) in told or not item["report_url"]:
            continue
        report = json.loads(report_files.read(item["report_url"]))
        for row in next_steps.codes(report):
            if row.severity == "error":
                line = next((each["line"] for each in report["findings"] if each["code"] == row.code), None)
                yield {**asdict(row), **where, "line": line}


def _delete(chosen: argparse.Namespace) -> int:
    _split(chosen)
    path = place("datasets", chosen.dataset, *(() if chosen.version is None else ("versions", chosen.version)))
    api, screen = stack.Stack(chosen).api(), text_report.console()
    if not (chosen.yes or chosen.plan or sys.stdin.isatty()):
        raise WrongUsage("this erases data: say --yes, or see first what would be erased by --plan")
    if not chosen.yes:
        plan = api.delete(path, plan="true")
        if chosen.json and chosen.plan:
            return text_report.as_json(plan)
        _told(screen, plan)
        if chosen.plan:
            text_report.next_step(screen, stack.again(chosen, _command(chosen)))
            return 0
        if input("Erase it? Type yes: ") != "yes":
            text_report.line(screen, "Nothing was erased.")
            return 1
    found = api.delete(path)
    if chosen.json:
        return text_report.as_json(found)
    _told(screen, found)
    return 0


def _command(chosen: argparse.Namespace) -> str:
    version = "" if chosen.version is None else f" --version {chosen.version}"
    return f"tunedrop datasets delete {chosen.dataset}{version} --yes"


def _told(screen: Console, found: Mapping[str, Any]) -> None:
    """Print a deletion: what goes, what stays, and what goes on billing."""
    what = f"{found['dataset']}@{found['version']}" if found["version"] else found["dataset"]
    left = found["remaining"]
    size = f"{left['objects']:,} object versions, {left['bytes']:,} bytes" + ("" if left["complete"] else " and more")
    tables.facts(
        screen,
        [
            (found["state"], what),
            ("in the bucket", size),
            ("versions", ", ".join(map(str, found["versions"]))),
            ("trained on it", ", ".join(model["name"] for model in found["models"])),
            ("stays", found["kept"]),
        ],
    )
    for each in found["still_bills"]:
        text_report.line(
            screen, ("  still bills", "bold yellow"), f"  {each['what']} {each['name']}: {each['how_to_end']}"
        )

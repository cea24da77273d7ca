"""Capacity that no deployment owns: shown, and tagged with the person's own credentials, so that one can adopt it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console

from tunedrop_cli import amounts, local_times, tables, text_report
from tunedrop_cli.errors import Refused
from tunedrop_cli.stack import Stack

Found = Mapping[str, Any]
UNTAGGED = "capacity_untagged"
PAUSES = (1.0, 5.0, 15.0)
"""Seconds before each retry: a new tag may be seen late."""
_COLUMNS = ("capacity", "state", "units", "an hour", "so far", "made", "owner")


def tagging(here: Stack, arn: str | None, send: Callable[[], Found]) -> Found:
    """Send the request; where it is refused for the lack of the stack's tag, set that tag, and send it again.

    Raises Refused, and the errors of AWS's SDK where the person may not tag it.
    """
    try:
        return send()
    except Refused as refused:
        if refused.code != UNTAGGED or arn is None:
            raise
        tags = refused.error["details"]["tags"]
    here.session.client("bedrock").tag_resource(
        resourceARN=arn, tags=[{"key": key, "value": value} for key, value in tags.items()]
    )
    text_report.line(text_report.console(stderr=True), f"Tagged {arn} as this stack's.")
    return _sent_again(send)


def _sent_again(send: Callable[[], Found]) -> Found:
    for pause in PAUSES:
        try:
            return send()
        except Refused as refused:
            if refused.code != UNTAGGED:
                raise
        time.sleep(pause)
    return send()


def show(screen: Console, orphans: Sequence[Found], foreign: Sequence[Found]) -> None:
    """Print what nobody owns with what ends or adopts it, and after it what others made."""
    if not orphans:
        text_report.line(screen, "Every capacity of this stack has a deployment.")
    for found in orphans:
        tables.facts(screen, _facts(found))
        text_report.line(screen)
    if foreign:
        text_report.line(screen, "Made by others, and never touched:")
        tables.show(screen, _COLUMNS, map(_row, foreign), spare=3)


def _facts(found: Found) -> list[tuple[str, str]]:
    return [
        ("capacity", found["name"]),
        ("state", found["state"]),
        ("why", found["why"]),
        ("for", found["deployment"] or ""),
        ("owner", found["owner"] or ""),
        ("an hour", amounts.money(found["hourly_cost"], found["currency"])),
        ("so far", amounts.money(found["cost_so_far"], found["currency"])),
        ("ends", local_times.shown(found["ends_at"]) if found["ends_at"] else ""),
        ("adopt it", found["adopt_command"] or ""),
        ("end it", found["end_command"]),
    ]


def _row(found: Found) -> tuple[str, ...]:
    return (
        found["name"],
        found["state"],
        str(found["model_units"] or "-"),
        amounts.money(found["hourly_cost"], found["currency"]),
        amounts.money(found["cost_so_far"], found["currency"]),
        local_times.shown(found["created_at"]) if found["created_at"] else "-",
        found["owner"] or "-",
    )

"""What decides whether a deployment goes live, as a plan of the deployment or of its job says it: shortly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from tunedrop.domain.reports import evaluation_words
from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, text_report

Plan = Mapping[str, Any] | None


def facts(found: Plan) -> list[tuple[str, str]]:
    """Against whom it is judged, how, what that costs, and what ends where it does not pass; nothing without a gate."""
    if found is None:
        return []
    first, *others = (each["name"] for each in found["candidates"])
    shown = found["smallest_difference"]
    can_show = "no difference" if shown is None else f"a difference of {round(100 * shown, 1):g} points or more"
    hours = found.get("max_hours")
    most = None if found["cost"] is None else f"at most {amounts.money(found['cost'], found['currency'])}"
    return [
        ("gate", _asks(found)),
        ("judges", f"{first} against {', '.join(others)}, by {evaluation_words.metric(found['metric'])}"),
        ("asks", f"{counted(found['records'], 'record')} of test, which show {can_show}"),
        ("calls", f"{found['calls']:,}, with repeated ones at most {found['most_calls']:,}"),
        ("the gate costs", most or "unknown (no price)"),
        ("without a pass", f"released {counted(hours, 'hour')} after it can be asked (--max-hours)" if hours else ""),
    ]


def warnings(screen: Console, found: Plan) -> None:
    """Print what its plan warns of."""
    for words in (found or {}).get("warnings", ()):
        text_report.line(screen, ("  warning", "yellow"), f"  {words}")


def _asks(found: Mapping[str, Any]) -> str:
    if found["gate"] == "none":
        return "none: it goes live whatever the verdict"
    unsure = found["on_insufficient"]
    if unsure == "hold" and found.get("max_hours"):
        unsure = "it is released: what bills by the hour is not held"
    return f"{found['gate'].replace('_', ' ')}, on too little evidence {unsure}"

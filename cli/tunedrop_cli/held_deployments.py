"""What became of a deployment that an evaluation's gate held: its report was written before anybody could approve."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.reports import next_commands
from tunedrop.domain.serving.unit_gates import HELD_HOURS

from tunedrop_cli import stack, text_report
from tunedrop_cli.errors import Refused
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

Facts = Mapping[str, Any]


def since_approved(report: Facts, found: Facts) -> Facts:
    """An evaluation's report with what was said since; unchanged where nobody has approved it."""
    if not found["approved_by"]:
        return report
    gate = report["gate"]
    return {
        **report,
        "gate": {**gate, "outcome": outcome(found), "words": f"{gate['words']} {_approved(found)}"},
        "next_steps": [step for step in report["next_steps"] if not step.get("approves")],
    }


def outcome(found: Facts) -> str | None:
    """What came of the gate, also where somebody has approved what it held; None: nothing yet, or no gate."""
    return "held, then approved" if found["outcome"] == "held" and found["approved_by"] else found["outcome"]


def say_next(chosen: argparse.Namespace, screen: Console, found: Facts) -> None:
    """Say what became of it, and how it lives where it still waits."""
    if found["outcome"] != "held" or not found["deployment"]:
        return
    if found["approved_by"]:
        text_report.line(screen, _approved(found))
        return
    state = _state(stack.Stack(chosen).api(), found)
    if state != "Held":
        text_report.line(screen, f"{found['deployment']} was held, and nobody let it live: it is {state}.")
        return
    text_report.line(screen, f"{found['deployment']} is held for {HELD_HOURS} hours. Another person lets it live by:")
    text_report.next_step(screen, stack.again(chosen, next_commands.approve_evaluation(found["id"])))


def _approved(found: Facts) -> str:
    return f"{found['deployment']} lives, approved by {found['approved_by']}: {found['reason']}"


def _state(api: ControlApi, found: Facts) -> str:
    """Held as long as the gate of this evaluation holds it; who may not look is told that it does."""
    try:
        deployment = api.get(place("deployments", found["deployment"]))
    except Refused as refused:
        return "gone" if refused.code == "unknown_deployment" else "Held"
    if deployment["generation"] == found["generation"]:
        return str(deployment["state"])
    unit = deployment["second_unit"]
    return "Held" if unit and unit["generation"] == found["generation"] and unit["gate"] == "held" else "released"

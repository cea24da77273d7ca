"""A deployment's gate in words: the verdict that decides whether it goes live, and what to do next."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.evaluation.evaluation_states import ENDED
from tunedrop.domain.reports import evaluation_words, next_commands

from tunedrop_cli import local_times, stack, text_report
from tunedrop_cli.errors import Refused
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShownGate:
    """The unit that a gate decides about, and the evaluation that it asks."""

    unit: Facts
    """The deployment itself, or the second unit that is to take over."""
    evaluation: Facts


def find(api: ControlApi, found: Facts) -> ShownGate | None:
    """The gate of a deployment as ControlApi answers with it; None without one, or where its evaluation is gone."""
    unit = next((each for each in (found["second_unit"], found) if each and each.get("evaluation_id")), None)
    if unit is None:
        return None
    try:
        return ShownGate(unit, api.get(place("evaluations", unit["evaluation_id"])))
    except Refused:
        return None


def refused(chosen: argparse.Namespace, screen: Console, found: Facts, unit: Facts | None) -> int:
    """Say that a second unit has not taken over, and where to read why; return the exit code."""
    if chosen.json:
        text_report.as_json(found)
        return 1
    text_report.line(screen, f"{found['name']} goes on with the model of job {found['job_id']}.")
    asked = unit and unit.get("evaluation_id")
    show = next_commands.show_evaluation(asked) if asked else next_commands.show_deployment(found["name"])
    text_report.next_step(screen, stack.again(chosen, show))
    return 1


def rows(gate: ShownGate | None) -> Iterator[tuple[str, str]]:
    """What a deployment's facts say of it."""
    if gate is None:
        return
    evaluation, outcome = gate.evaluation, gate.unit["gate"]
    asked = f"{evaluation['gate']} was asked for" if evaluation["gate"] != "none" else "nothing was asked for"
    yield "gate", f"{outcome or 'not decided yet'}: {asked}, of evaluation {evaluation['id']}"
    if evaluation["verdict"]:
        yield "verdict", f"{evaluation_words.VERDICTS[evaluation['verdict']]}: {evaluation['summary']}"
    else:
        answers = (
            f", {evaluation['answered']:,} of {evaluation['expected']:,} answers" if evaluation["expected"] else ""
        )
        why = f": {evaluation['failure']}" if evaluation["failure"] else ""
        yield "verdict", f"none: the evaluation is {evaluation['state']}{answers}{why}"


def say_next(chosen: argparse.Namespace, screen: Console, gate: ShownGate | None) -> None:
    """Say what to do about a gate that has not let it live."""
    if gate is None or gate.unit["gate"] in {"passed", "none"}:
        return
    evaluation, approval = gate.evaluation, gate.unit.get("approval")
    show = next_commands.show_evaluation(evaluation["id"], watch=evaluation["state"] not in ENDED)
    if gate.unit["gate"] == "held" and approval and not approval["approved_at"]:
        until = local_times.shown(approval["expires_at"])
        text_report.line(screen, f"Another person than {approval['asked_by']} lets it live, until {until}, by:")
        text_report.line(
            screen, "      ", (stack.again(chosen, next_commands.approve_evaluation(evaluation["id"])), "bold")
        )
        text_report.line(screen, "What the verdict stands on:")
    text_report.next_step(screen, stack.again(chosen, show))

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
    evaluation: Facts | None
    """None: it could not be read."""
    unread: str = ""
    """Why not."""

    @property
    def is_open(self) -> bool:
        """Whether it lets the unit live: a gate that held it keeps saying so after somebody approved."""
        return self.unit["gate"] in {"passed", "none"} or self._is_approved

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        return "held, then approved" if self._is_approved else self.unit["gate"] or "not decided yet"

    @property
    def _is_approved(self) -> bool:
        approval = self.unit.get("approval")
        return self.unit["gate"] == "held" and bool(approval and approval["approved_at"])


def find(api: ControlApi, found: Facts) -> ShownGate | None:
    """The gate of a deployment as ControlApi answers with it; None without one, or where its evaluation is gone."""
    second = found["second_unit"]
    coming = second if second and second["generation"] > found["generation"] else None
    unit = next((each for each in (coming, found) if each and each.get("evaluation_id")), None)
    if unit is None:
        return None
    try:
        return ShownGate(unit, api.get(place("evaluations", unit["evaluation_id"])))
    except Refused as refused:
        return None if refused.code == "unknown_evaluation" else ShownGate(unit, None, str(refused))


def is_refused(found: Facts, generation: int) -> bool:
    """Whether another unit than that generation goes on serving; what has ended, or failed, serves nothing."""
    return bool(found["state"] == "Ready" and found["generation"] != generation)


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
    evaluation = gate.evaluation
    if evaluation is None:
        yield "gate", f"{gate.outcome}, by evaluation {gate.unit['evaluation_id']}"
        yield "verdict", f"not read: {gate.unread}"
        return
    asked = f"{evaluation['gate']} was asked for" if evaluation["gate"] != "none" else "nothing was asked for"
    yield "gate", f"{gate.outcome}: {asked}, of evaluation {evaluation['id']}"
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
    if gate is None or gate.is_open:
        return
    asked, approval = gate.unit["evaluation_id"], gate.unit.get("approval")
    show = next_commands.show_evaluation(asked, watch=bool(gate.evaluation and gate.evaluation["state"] not in ENDED))
    if gate.unit["gate"] == "held" and approval:
        until = local_times.shown(approval["expires_at"])
        text_report.line(screen, f"Another person than {approval['asked_by']} lets it live, until {until}, by:")
        text_report.line(screen, "      ", (stack.again(chosen, next_commands.approve_evaluation(asked)), "bold"))
        text_report.line(screen, "What the verdict stands on:")
    text_report.next_step(screen, stack.again(chosen, show))

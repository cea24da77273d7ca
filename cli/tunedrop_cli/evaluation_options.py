"""Options that say what an evaluation asks, and what its gate wants: of an evaluation, a job and a deployment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, get_args

from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient

from tunedrop_cli import options
from tunedrop_cli.errors import WrongUsage

_WISHES = ("against", "metric", "margin", "gate", "on_insufficient", "max_records", "max_hours")


def add_to(command: argparse.ArgumentParser, *, default_against: str = "base") -> None:
    """Add the options."""
    command.add_argument(
        "--against",
        action="append",
        metavar="NAME",
        help=f"what to judge it against; may be repeated (default: {default_against})",
    )
    command.add_argument("--metric", choices=get_args(MetricName), help="what decides (default: what fits the answers)")
    command.add_argument(
        "--margin", type=options.share, metavar="SHARE", help="the difference that does not matter (default: 0.03)"
    )
    command.add_argument("--gate", choices=get_args(Gate), help="what the verdict has to be (default: none)")
    command.add_argument(
        "--on-insufficient", choices=get_args(OnInsufficient), help="the gate's word on too little evidence"
    )
    command.add_argument(
        "--max-records", type=options.positive, metavar="N", help="the most records to ask (default: 1000)"
    )


def add_gate_to(command: argparse.ArgumentParser) -> None:
    """Add the same for what goes live only once the gate has passed."""
    command.add_argument(
        "--evaluate", action="store_true", help="evaluate it before anybody may call it; so does each option of a gate"
    )
    add_to(command, default_against="what serves by that name now, if anything, and base")
    command.add_argument(
        "--max-hours",
        type=options.positive,
        metavar="N",
        help="Provisioned Throughput is released after that, unless the gate has passed (default: 2)",
    )


def said(chosen: argparse.Namespace) -> dict[str, Any]:
    """What was said, as ControlApi takes it."""
    values: Mapping[str, Any] = vars(chosen)
    return {name: values[name] for name in _WISHES if values.get(name) is not None}


def gate(chosen: argparse.Namespace, *, deployment: str | None) -> dict[str, Any]:
    """The part of a body that says what decides whether the deployment goes live; empty: nothing does."""
    wish = said(chosen)
    if not wish and not chosen.evaluate:
        return {}
    if deployment is None:
        raise WrongUsage("an evaluation decides whether a deployment goes live: say which by --deploy NAME")
    return {"evaluation": wish}


def wish(chosen: argparse.Namespace) -> EvaluationWish | None:
    """The same, to be said again; None: nothing decides."""
    values = said(chosen)
    if not values and not chosen.evaluate:
        return None
    against = values.pop("against", None)
    return EvaluationWish(tuple(against) if against else None, **values)

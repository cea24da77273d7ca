"""What `--write` and `--spend` do: ask first, then make the trip, and say what may still cost."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
from collections.abc import Callable, Sequence

from tunedrop.domain.base_models import catalogue
from tunedrop.errors import TunedropError

from tunedrop_cli import text_report
from tunedrop_cli.doctor import paid_plan, rounds
from tunedrop_cli.doctor.outcomes import CannotTell, Finding, Outcome, failed, ok, unknown
from tunedrop_cli.doctor.paid_plan import NoPlan, Plan
from tunedrop_cli.doctor.paid_steps import PAYING, RELEASING
from tunedrop_cli.doctor.trip import Step, Trip, travel
from tunedrop_cli.doctor.upload_steps import CLEARING, UPLOADING
from tunedrop_cli.doctor.writing import Writer

PRICES_VARIABLE = "TUNEDROP_PRICES"
PLAN = "paid-plan"
NAME = re.compile(r"doctor-[0-9a-f]{8}")
"""Names of this command's own datasets and deployments."""


def carry_out(writer: Writer, chosen: argparse.Namespace, tell: Callable[[Finding], None]) -> list[str]:
    """Make the trip that was asked for, telling each finding; return what may still cost, with what ends it."""
    plans: list[Plan] = []
    if chosen.spend is not None:
        outcome = rounds.outcome_of(lambda: _planned(writer, chosen, plans))
        tell(Finding(PLAN, outcome))
        if outcome.status != "ok" and (chosen.resume or not chosen.write):
            return []
    plan = plans[0] if plans else None
    trip = _trip(writer, chosen, plan)
    if isinstance(trip, Outcome):
        tell(Finding("upload-link", trip))
        return []
    costs: list[str] = []
    try:
        for finding in travel(trip, _steps(plan, resumed=trip.resumed)):
            tell(finding)
    except KeyboardInterrupt:
        _say("interrupted again: nothing more is given back")
    finally:
        costs += [f"{what} may still cost; this ends it: {command}" for what, command in trip.may_cost()]
        for line in costs:
            _say(line)
    return costs


def _steps(plan: Plan | None, *, resumed: bool) -> Sequence[Step]:
    uploading = () if resumed else UPLOADING
    paying, releasing = (PAYING, RELEASING) if plan else ((), ())
    return (*uploading, *paying, *releasing, *CLEARING)


def _trip(writer: Writer, chosen: argparse.Namespace, plan: Plan | None) -> Trip | Outcome:
    """A trip under a name of its own, or why there is none."""
    name = chosen.resume or f"doctor-{secrets.token_hex(4)}"
    if plan:
        return Trip(writer, name, plan.base_model, _say, bool(chosen.resume), most_tokens=plan.trained_tokens)
    try:
        return Trip(writer, name, catalogue.find(writer.settings()["TUNEDROP_DEFAULT_BASE_MODEL"]), _say)
    except (CannotTell, KeyError, TunedropError) as error:
        return unknown(f"the stack's default base model is not known: {error}")


def _planned(writer: Writer, chosen: argparse.Namespace, plans: list[Plan]) -> Outcome:
    """Make the plan, show it, and ask; add it to `plans` if it may be carried out."""
    parameters = writer.deployed().parameters
    prices = os.environ.get(PRICES_VARIABLE) or parameters.get("Prices", "{}")
    try:
        plan = paid_plan.make(writer.base_models(), prices, parameters.get("Currency", ""), chosen.spend)
    except NoPlan as reason:
        return failed(str(reason), "Nothing was started.")
    for what, amount in plan.costs.items():
        _say(f"{amount:8.2f} USD  {what}")
    _say(f"{plan.total:8.2f} USD  at most; nothing bills by the hour")
    if not chosen.yes and not _confirmed():
        return unknown("the plan was not confirmed: nothing was started")
    plans.append(plan)
    return ok(f"at most {plan.total:.2f} USD, with {plan.base_model.name}", values={"costs": plan.costs})


def _confirmed() -> bool:
    print("Carry out this plan? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _say(words: str) -> None:
    text_report.line(text_report.console(stderr=True), words)

"""`tunedrop jobs start`: one job, or the jobs of a sweep, after a plan of what they would train and cost."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.reports import next_commands
from tunedrop.domain.texts.counted import counted
from tunedrop.domain.training.start_request import DeploymentRequest

from tunedrop_cli import amounts, job_options, job_text, keyed, option_words, options, stack, tables, text_report
from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.job_options import Body

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

Plan = Mapping[str, Any]
DIGITS = 6
"""Of a sum after the point: more than prices have, less than adding them up adds."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of starting."""
    job_options.add_to(command)
    command.add_argument("--plan", action="store_true", help="only say what it would train and cost; start nothing")
    command.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME=A,B",
        help=f"one job for each value, at most {job_options.MOST_OF_A_SWEEP} in all; may be repeated",
    )
    command.add_argument(
        "--repeats", type=options.positive, metavar="N", help="run each setting of a sweep N times (default: 1)"
    )
    command.add_argument(
        "--max-cost",
        type=options.amount,
        metavar="AMOUNT",
        help="start nothing that costs more, its throughput until its end and its gate included",
    )
    command.add_argument("--yes", action="store_true", help="start a sweep whatever it costs")
    keyed.add_to(command)
    command.add_argument("--watch", action="store_true", help="follow it, or each of a sweep, to its end")


def plan(api: ControlApi, request: Body) -> Plan:
    """What the request would do; nothing is started. Raises Refused as the request itself would."""
    return dict(api.post("/jobs", request, plan="true"))


def one(chosen: argparse.Namespace, api: ControlApi, screen: Console) -> Mapping[str, Any] | None:
    """Start one job and return it; None, with the plan printed, if that must be confirmed first. Raises Refused."""
    request = job_options.body(chosen)
    if chosen.max_cost is not None:
        request = _affordable(chosen, api, request)
    doubt = "The job may have been started all the same. To learn that, without starting a second one:"
    try:
        with keyed.request(chosen, doubt) as key:
            return dict(api.post("/jobs", request, idempotency_key=key))
    except Refused as refused:
        if refused.code != "plan_confirmation_required":
            raise
        text_report.line(text_report.console(stderr=True), f"tunedrop: {option_words.told(chosen, str(refused))}")
        found = refused.error["details"]["plan"]
        job_text.plan(screen, option_words.in_plan(chosen, found), confirm(chosen, found))
        return None


def _affordable(chosen: argparse.Namespace, api: ControlApi, request: Body) -> Body:
    """The request with the id of its plan, which costs at most `--max-cost`. Raises Refused if it costs more."""
    found = plan(api, request)
    check_amount([found], chosen.max_cost)
    return {**request, "version": found["version"], "plan_id": found["plan_id"]}


def confirm(chosen: argparse.Namespace, found: Plan) -> str:
    """The command that starts exactly what was planned."""
    wish = found.get("deployment")
    command = next_commands.start_job(
        found["dataset"],
        found["version"],
        found["base_model"],
        hyperparameters=found["hyperparameters"],
        deployment=DeploymentRequest(**{name: each for name, each in wish.items() if name != "cost"}) if wish else None,
        plan_id=found["plan_id"],
        choices=job_options.choices(chosen),
    )
    return stack.again(chosen, command)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Jobs that differ in hyperparameters only, planned together: the requests in order, and what each would do."""

    label: str
    requests: Sequence[Body]
    plans: Sequence[Plan]


def planned_sweep(chosen: argparse.Namespace, api: ControlApi) -> Sweep:
    """Plan every job of a sweep. Raises WrongUsage for a sweep that can't be, Refused where one job can't."""
    settings = list(job_options.sweep(chosen.sweep, chosen.repeats or 1))
    base = job_options.body(chosen)
    if twice := sorted(set(settings[0]) & base.get("hyperparameters", {}).keys()):
        raise WrongUsage(f"{twice[0]} is both set and swept: leave out --set {twice[0]}=…")
    if base.get("deployment") or base.get("plan_id"):
        raise WrongUsage("a sweep makes no deployment and has no one plan: leave out --deploy and --plan-id")
    label = f"{base['dataset'][:20].rstrip('-')}-{secrets.token_hex(4)}"
    requests = []
    for values in settings:
        hyperparameters = {**base.get("hyperparameters", {}), **values}
        requests.append({**base, "hyperparameters": hyperparameters, "sweep": label})
    plans = [plan(api, request) for request in requests]
    # What was planned is what is started, even if a newer version is accepted in between.
    exact = [{**request, "version": each["version"]} for request, each in zip(requests, plans, strict=True)]
    return Sweep(label, exact, plans)


def show_sweep(screen: Console, sweep: Sweep) -> None:
    """Print one row for each job, and what all of them cost."""
    every = [each.get("cost") for each in sweep.plans]
    *costs, total = amounts.costs_of([*every, {**(every[0] or {}), "amount": cost_of_all(sweep.plans)}])
    rows = [
        (
            job_text.settings_of(each),
            f"{each['trained_tokens']:,}" if each["trained_tokens"] is not None else "not prepared yet",
            cost,
        )
        for each, cost in zip(sweep.plans, costs, strict=True)
    ]
    tables.show(screen, ("hyperparameters", "tokens", "cost"), rows)
    text_report.line(
        screen, f"{counted(len(sweep.plans), 'job')} on {job_text.data_of(sweep.plans[0])}, in all: {total}"
    )


def check_cost(chosen: argparse.Namespace, sweep: Sweep) -> None:
    """Raise Refused unless the person said that the sweep may cost what it costs."""
    if chosen.yes:
        return
    if chosen.max_cost is None:
        raise WrongUsage("a sweep trains several jobs: say --max-cost AMOUNT, or --yes; --plan only plans")
    check_amount(sweep.plans, chosen.max_cost)


def cost_of_all(plans: Sequence[Plan]) -> float | None:
    """What all of them cost, each with its deployment until its end and its gate; None if any of it is unknown."""
    each_costs = [amount for each in plans for amount, _ in _parts(each)]
    known = [amount for amount in each_costs if amount is not None]
    return sum(known) if len(known) == len(each_costs) else None


def _parts(found: Plan) -> Iterator[tuple[float | None, str]]:
    """What each part costs, and what it is called with its price in Prices."""
    base_model = found["base_model"]
    yield (found.get("cost") or {}).get("amount"), f"training ({base_model}.training_per_1000_tokens)"
    wish = found.get("deployment")
    if wish and wish["model_units"]:
        yield (wish.get("cost") or {}).get("until_end"), f"its throughput ({base_model}.model_unit_hour)"
    if gate := found.get("evaluation"):
        prices = "input_per_1000_tokens and output_per_1000_tokens of each base model that it asks"
        yield gate["cost"], f"its gate ({prices})"


def check_amount(plans: Sequence[Plan], most: float) -> None:
    """Raise Refused unless the cost of all of them is known, and at most that much."""
    if any(each["trained_tokens"] is None for each in plans):
        words = "the version is not prepared for this base model yet, so nobody can say that it stays under --max-cost"
        raise Refused(0, {"code": "cost_unknown", "message": words})
    if unknown := dict.fromkeys(named for each in plans for amount, named in _parts(each) if amount is None):
        words = (
            f"no price is set for {' or '.join(unknown)}, so nobody can say that it stays under --max-cost. "
            "The parameter Prices of the stack sets it"
        )
        raise Refused(0, {"code": "cost_unknown", "message": words})
    cost = round(cost_of_all(plans) or 0, DIGITS)
    if cost > most:
        words = f"it costs {amounts.price(cost)}, more than --max-cost {amounts.price(most)}; nothing was started"
        raise Refused(0, {"code": "over_max_cost", "message": words})


def start_sweep(api: ControlApi, sweep: Sweep) -> list[Mapping[str, Any]]:
    """Start all jobs, in order. If one is refused, those before it go on: Refused says so."""
    started: list[Mapping[str, Any]] = []
    for number, (request, each) in enumerate(zip(sweep.requests, sweep.plans, strict=True), 1):
        confirmed = request | ({"plan_id": each["plan_id"]} if each.get("plan_id") else {})
        try:
            started.append(api.post("/jobs", confirmed, idempotency_key=f"{sweep.label}-{number}"))
        except Refused as refused:
            words = (
                f"{refused.error.get('message')} {counted(len(started), 'job')} of sweep {sweep.label} started before."
            )
            raise Refused(refused.status, {"code": refused.code, "message": words}) from refused
    return started

"""What people do about paid capacity, models and the budget, and who calls what is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from tunedrop.edges.rows import call_rows

from tests.faults.stateful.history import Called
from tests.faults.stateful.program import Program
from tests.faults.stateful.wire import Strike

T = TypeVar("T")

IDLE_MINUTES = 10


def pick(things: Sequence[T], number: int) -> T:
    """One of them."""
    return things[number % len(things)]


def put(
    program: Program, number: int | None, name: str, wish: Mapping[str, Any], ahead: int | None, fault: Strike | None
) -> None:
    """Make a deployment something; `ahead`: it ends so many hours from now, whatever was wished for."""
    body = dict(wish)
    if number is not None:
        body["job_id"] = pick(list(program.trained() or program.history.jobs()), number)
    if ahead:
        body.pop("hours", None)
        body["expires_at"] = (program.now + timedelta(hours=ahead)).isoformat()
    program.ask("PUT", f"/deployments/{name}", body, program.new_key(), fault)


def others(program: Program) -> list[tuple[str, str]]:
    """Each deployment that takes calls, with each job whose model it could serve instead."""
    heads = program.deployments()
    return [
        (name, job) for name in program.answering() for job in program.trained() if job != heads[name]["job_id"].value
    ]


def serve_another(program: Program, number: int, second_unit: bool, fault: Strike | None) -> None:
    """Put another model behind a deployment: in place, or by a second unit."""
    name, job_id = pick(others(program), number)
    body = {"job_id": job_id} | ({"second_unit": True} if second_unit else {})
    program.ask("PUT", f"/deployments/{name}", body, program.new_key(), fault)


def release(program: Program, name: str, now: bool, fault: Strike | None) -> None:
    """Delete a deployment; `now`: without waiting for calls."""
    program.ask("DELETE", f"/deployments/{name}" + ("?now=true" if now else ""), fault=fault)


def buy_by_hand(program: Program, number: int) -> None:
    """A person buys on a model of ours."""
    models = [job.model_arn for job in program.bedrock_jobs() if job.model_arn]
    if models:
        program.buy_by_hand(pick(models, number))


def set_budget(program: Program, budget: int | None) -> None:
    """The stack is deployed with another MonthlyBudget."""
    amount = None if budget is None else Decimal(budget)
    program.world.settings = replace(program.world.settings, monthly_budget=amount)


def call(program: Program, number: int) -> None:
    """POST /v1/messages, as far as it is written down."""
    name = pick(program.answering(), number)
    call_rows.record(program.world.stack.access_table, name, program.now)
    program.history.calls.append(Called(name, program.now))


def drain(program: Program, number: int, now: bool, fault: Strike | None) -> None:
    """Delete a deployment that was just called, and let a minute and all messages pass."""
    name = pick(program.answering(), number)
    call(program, number)
    release(program, name, now, fault)
    program.history.drained += program.history.requests[-1].status == 202
    program.deliver_due()
    program.wait(60)
    program.tick()


def leave_alone(program: Program, number: int, called: bool, fault: Strike | None) -> None:
    """Ask for an idle stop, and call the deployment no more; `called`: once more on the way."""
    name = pick(program.answering(), number)
    program.ask("PUT", f"/deployments/{name}", {"idle_minutes": IDLE_MINUTES}, program.new_key(), fault)
    program.tick()
    program.wait(60 * IDLE_MINUTES // 2)
    if called and program.answering():
        call(program, number)
    for _ in range(2):
        program.wait(60 * IDLE_MINUTES // 2 + 60)
        program.tick()


def delete_model(program: Program, number: int, fault: Strike | None) -> None:
    """Delete a custom model of ours."""
    program.ask("DELETE", f"/models/{pick(list(program.trained().values()), number)}", fault=fault)

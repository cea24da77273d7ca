"""The state machine that Hypothesis drives, made of the steps and the invariants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.stateful import call_invariants
from tests.faults.stateful.invariants import ALWAYS, AT_REST, RESTORED, RESTORED_AT_REST, Invariant
from tests.faults.stateful.money_steps import LATE
from tests.faults.stateful.program import QUOTA, Program
from tests.faults.stateful.steps import BEGINNINGS, HOUR, MINUTE, STEPS, Step, begin

ADOPTED, BUDGET = "adopted by its name and tags", "monthly_budget"
MOST_ROUNDS = 40
REST = (11 * MINUTE, 3 * HOUR, 11 * MINUTE, 9 * HOUR, 11 * MINUTE, 27 * HOUR)
"""Waits of the way to rest, over and over: for second tries, for trainings, for leases, for deadlines."""


class Violated(AssertionError):
    """An invariant does not hold."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name}: {words}")
        self.name = name


def judge(program: Program, invariants: Iterable[Invariant]) -> None:
    """Raise Violated for the first thing that breaks one of these."""
    for each in invariants:
        for words in each(program):
            raise Violated(each.__name__, words)


def judge_now(program: Program) -> None:
    """What must hold always, as far as it does of tables that were put back."""
    program.look()
    judge(program, RESTORED if program.history.restored else ALWAYS)


def come_to_rest(program: Program) -> None:
    """No more faults, and enough time: everything that was under way comes to its end.

    In half of all runs Bedrock has no room for the first day, so that what waits for room lapses.
    """
    program.sell(0 if len(program.history.requests) % 2 else QUOTA)
    for number in range(MOST_ROUNDS):
        if number == len(REST):
            program.sell(QUOTA)
        program.wait(REST[number % len(REST)])
        program.world.events.clear()  # best effort: from here on, none arrives
        program.queues.redrive(program.now)
        program.tick()
        judge_now(program)
        bills = any(each.is_live for each in program.every_purchase())
        if not program.queues.waiting and not program.world.open_work() and not bills:
            break
    judge(program, RESTORED_AT_REST if program.history.restored else AT_REST)


def came_to(program: Program) -> Counter[str]:
    """What a run came to, by name: a machine that reaches little proves little."""
    history = program.history
    told = Counter(each.type for each in history.published)
    return Counter(
        uploads=len(history.uploads),
        requests=len(history.requests),
        deliveries=len(history.deliveries),
        faults=history.strikes(),
        puts=len(history.accepted("PUT", "/deployments/")),
        second_units=sum("replaces" in row for row in program.purchases()),
        adoptions=sum(ADOPTED in str(row["history"].value) for row in program.deployments().values()),
        refused_by_budget=sum(
            asked.status == 409 and asked.answer["error"]["code"] == BUDGET for asked in history.requests
        ),
        idle_stops=sum(call_invariants.NOBODY in str(row) for row in program.purchases()),
        drained=history.drained,
        models_deleted=sum(each.operation == "DeleteCustomModel" for each in history.touched),
        swaps=sum(each.operation == "UpdateProvisionedModelThroughput" for each in history.touched),
        restores=history.restored,
        new_stacks=program.stacks - 1,
        trainings=len(program.ledger("customization_job")),
        purchases=len(program.ledger("provisioned_throughput")),
        **{name: number for name, number in told.items() if name != "ReconcileCompleted"},
    )


def machine(program: Program, taken: Counter[str], reached: Counter[str]) -> type[RuleBasedStateMachine]:
    """The machine over this program: `taken` counts its steps by name, `reached` counts what its runs came to."""

    class Machine(RuleBasedStateMachine):
        """Each run begins with an empty stack and what `begin` does there, and ends at rest."""

        def __init__(self) -> None:
            super().__init__()
            self.holds = True
            program.reset()

        @initialize(beginning=st.sampled_from((*BEGINNINGS, *LATE)), skew=st.sampled_from((-3, 0, 0, 3)))
        def begin(self, beginning: str, skew: int) -> None:
            begin(program, beginning, skew)

        @invariant()
        def holds_always(self) -> None:
            self.holds = False
            judge_now(program)
            self.holds = True

        def teardown(self) -> None:
            if self.holds:
                come_to_rest(program)
                reached.update(came_to(program))

    rules = {
        f"{name}{number or ''}": _rule(program, name, step, taken)
        for name, step in STEPS.items()
        for number in range(step.weight)
    }
    return type("Machine", (Machine,), rules)


def run(
    program: Program, examples: int, steps: int, taken: Counter[str], reached: Counter[str], *, shrink: bool = True
) -> None:
    """So many runs of at most so many steps, the same ones each time. Raises what Hypothesis makes of a violation."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        machine(program, taken, reached),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=phases,
            database=None,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _rule(program: Program, name: str, step: Step, taken: Counter[str]) -> Callable[..., Any]:
    def act(self: Any, **arguments: Any) -> None:
        taken[name] += 1
        self.holds = False
        program.wait(1)
        step.act(program, **arguments)
        self.holds = True

    act.__name__ = name
    arguments: dict[str, Any] = dict(step.arguments)
    return precondition(lambda _: step.when(program))(rule(**arguments)(act))

"""B6, the proof: random runs break no invariant, and each seeded bug is found within a minute."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.faults.stateful.bugs import BUGS
from tests.faults.stateful.hunt import CPU_SECONDS, Found, hunt
from tests.faults.stateful.invariants import ALWAYS, AT_REST
from tests.faults.stateful.machine import run
from tests.faults.stateful.running import running
from tests.faults.stateful.steps import STEPS
from tests.proofs import Proof

RUNS, LENGTH = 300, 40
AT_ONCE = 2
"""Hunts; each is a process that uses one processor."""
WANTED = (
    *("trainings", "purchases", "puts", "swaps", "second_units", "restores", "adoptions", "new_stacks", "faults"),
    *("refused_by_budget", "idle_stops", "drained", "models_deleted"),
    *("DeploymentReplaced", "BudgetNearing", "BudgetExhausted"),
    *("JobCompleted", "JobStopped", "DeploymentReleased", "DatasetDeleted"),
)
"""What the runs must have come to for them to prove anything."""


def prove() -> Proof:
    """Run the machine on the program as it is, then on one with each bug."""
    taken: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    objections: list[str] = []
    began = time.process_time()
    with running() as program:
        try:
            run(program, RUNS, LENGTH, taken, reached)
        except Exception as error:  # noqa: BLE001 - Hypothesis wraps what it can't repeat
            objections.append(f"the program as it is: {error!r}")
    spent = time.process_time() - began
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(BUGS, pool.map(hunt, BUGS.values()), strict=True))
    objections += [f"no run came to {name}" for name in WANTED if not reached[name]]
    objections += [f"no run took the step {name}" for name in STEPS if not taken[name]]
    objections += [f"not found within {CPU_SECONDS} s: {name}" for name, each in found.items() if each is None]
    return Proof(_figures(taken, reached, spent, found), objections, _details(taken, reached, found))


def _figures(taken: Counter[str], reached: Counter[str], spent: float, found: dict[str, Found | None]) -> str:
    caught = [each.seconds for each in found.values() if each]
    return (
        f"{RUNS} runs of up to {LENGTH} steps ({taken.total()} of {len(STEPS)} kinds, {reached['faults']} faults, "
        f"{reached['trainings']} trainings, {reached['purchases']} purchases, {reached['swaps']} swaps, "
        f"{reached['second_units']} second units, {reached['adoptions']} adoptions, "
        f"{reached['idle_stops']} idle stops, "
        f"{reached['refused_by_budget']} refused by the budget, {reached['models_deleted']} models deleted, "
        f"{reached['restores']} restores, {reached['new_stacks']} new stacks) held to {len(ALWAYS) + len(AT_REST)} "
        f"invariants in {spent:.0f} s; {len(caught)} of {len(found)} seeded bugs found, each within "
        f"{max(caught, default=0):.0f} s"
    )


def _details(taken: Counter[str], reached: Counter[str], found: dict[str, Found | None]) -> list[str]:
    return [
        f"steps: {dict(taken.most_common())}",
        f"reached: {dict(reached.most_common())}",
        *(f"{each.seconds:5.1f} s {each.invariant:32} {name}" for name, each in found.items() if each),
    ]

"""B6, the proof: random walks break no invariant, and each seeded bug is found within a minute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.stateful.beginnings import BEGINNINGS
from tests.faults.stateful.bugs import BUGS
from tests.faults.stateful.hunt import CPU_SECONDS, Found, hunt
from tests.faults.stateful.invariants import ALWAYS, AT_REST
from tests.faults.stateful.running import running
from tests.faults.stateful.steps import STEPS
from tests.faults.stateful.walks import Broken, cut_down, walk
from tests.proofs import Proof

WALKS, MOST_STEPS = 6 * len(BEGINNINGS), 40
AT_ONCE = 2
"""Hunts; each is a process that uses one processor."""
EACH_STEP = 3
WANTED: Mapping[str, int] = {
    "trainings": 80,
    "purchases": 40,
    "faults": 60,
    "puts": 80,
    "swaps": 6,
    "second_units": 4,
    "restores": 15,
    "adoptions": 3,
    "new_stacks": 15,
    "refused_by_budget": 5,
    "idle_stops": 8,
    "drained": 10,
    "models_deleted": 8,
    "DeploymentReplaced": 2,
    "BudgetNearing": 3,
    "BudgetExhausted": 3,
    "JobCompleted": 70,
    "JobStopped": 3,
    "DeploymentReleased": 40,
    "DatasetDeleted": 20,
}
"""How often the walks must have come to each, for them to prove anything."""


@dataclass(slots=True)
class Tally:
    """What the walks took and came to, and what they broke."""

    taken: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    objections: list[str] = field(default_factory=list)


def prove() -> Proof:
    """Walk through the program as it is, then through one with each bug."""
    began = time.process_time()
    tally = _walked()
    spent = time.process_time() - began
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(BUGS, pool.map(hunt, BUGS.values()), strict=True))
    objections = tally.objections + _too_little(tally)
    objections += [f"not found within {CPU_SECONDS} s: {name}" for name, each in found.items() if each is None]
    return Proof(_figures(tally, spent, found), objections, _details(tally, found))


def _walked() -> Tally:
    tally = Tally()
    with running() as program:
        for seed in range(WALKS):
            try:
                steps = walk(program, seed, MOST_STEPS).steps
            except Broken as broken:
                least = cut_down(program, broken)
                tally.objections.append(f"walk {seed} breaks: {least.__cause__!r}, as does {least.walk}")
                continue
            tally.taken.update(step.name for step in steps)
            tally.reached += program.reached()
    return tally


def _too_little(tally: Tally) -> list[str]:
    wanted = [(name, tally.reached[name], least) for name, least in WANTED.items()]
    wanted += [(f"the step {name}", tally.taken[name], EACH_STEP) for name in STEPS]
    return [f"{name}: {times} times, not {least}" for name, times, least in wanted if times < least]


def _figures(tally: Tally, spent: float, found: Mapping[str, Found | None]) -> str:
    caught = [each.seconds for each in found.values() if each]
    shown = (
        *("faults", "trainings", "purchases", "swaps", "second_units", "adoptions", "idle_stops"),
        *("refused_by_budget", "models_deleted", "restores", "new_stacks"),
    )
    came_to = ", ".join(f"{tally.reached[name]} {name.replace('_', ' ')}" for name in shown)
    return (
        f"{WALKS} walks of {MOST_STEPS} steps ({tally.taken.total()} of {len(STEPS)} kinds, {came_to}) held to "
        f"{len(ALWAYS) + len(AT_REST)} invariants in {spent:.0f} s; {len(caught)} of {len(found)} seeded bugs found, "
        f"each within {max(caught, default=0):.0f} s"
    )


def _details(tally: Tally, found: Mapping[str, Found | None]) -> list[str]:
    return [
        f"steps: {dict(tally.taken.most_common())}",
        f"reached: {dict(tally.reached.most_common())}",
        *(
            f"{each.seconds:5.1f} s {each.walks:3} walks {each.invariant:32} {name}"
            for name, each in found.items()
            if each
        ),
    ]

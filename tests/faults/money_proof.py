"""B2 and B3 on the money path: every fault and every ordered pair at each call of what people do with capacity."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.faults.bench import bench
from tests.faults.exploration import Exploration, Explored
from tests.faults.kinds import KINDS
from tests.faults.money_paths import PATHS
from tests.proofs import Proof

AT_ONCE = 2
"""Processes; each explores one path at a time."""
WORDS = ("lost", "doubled", "late", "stuck")


def singles(name: str, share: float = 1) -> Explored:
    """Every fault at every call of one path, or that share of them."""
    with bench() as made:
        return Exploration(made, PATHS[name], made.checkpoint(), share).singles()


def both(name: str) -> tuple[Explored, int]:
    """Every fault and every ordered pair of one path, and the number of single faults."""
    with bench() as made:
        exploration = Exploration(made, PATHS[name], made.checkpoint())
        number = exploration.singles().runs
        return exploration.pairs(), number


def prove() -> Proof:
    """All paths."""
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(both, PATHS))
    return summary([each for each, _ in found], sum(number for _, number in found))


def summary(found: Sequence[Explored], single: int) -> Proof:
    """The figures of these paths, of which so many runs have a single fault."""
    objections = [each for one in found for each in one.objections]
    counts = ", ".join(f"{word} {sum(f': {word}' in each for each in objections)}" for word in WORDS)
    calls, turns, endings = (sum(getattr(one, name) for one in found) for name in ("calls", "turns", "endings"))
    figures = (
        f"{len(KINDS)} kinds of fault at {calls} calls of {len(found)} paths, {single:,} runs with one and "
        f"{sum(one.runs for one in found) - single:,} with an ordered pair, by {turns:,} runs of functions to "
        f"{endings:,} endings: {counts}"
    )
    details = [f"{one.name}: {one.calls} calls, {one.runs:,} runs, {one.turns:,} turns" for one in found]
    return Proof(figures, objections, details)

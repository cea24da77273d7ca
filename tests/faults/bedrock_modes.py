"""B4: what is bought while Bedrock forgets every client token, lets names be shared, and its lists lag 15 minutes.

No page says how long a token is remembered, whether names are unique, or by how much lists lag.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from bedrock_simulator import Fault
from tunedrop.domain.serving.purchase_states import LONG_SETTLE

from tests.faults.bench import USUAL, Bench, bench
from tests.faults.exploration import Exploration, Explored
from tests.faults.money_paths import PATHS
from tests.proofs import Proof

LISTS = ("ListProvisionedModelThroughputs", "ListCustomModelDeployments")
LAG = timedelta(minutes=15)
KNOWN = timedelta(minutes=15)
"""Two are billed for at most so long where lists lag ten minutes longer than `LONG_SETTLE`: for the rest of the lag and
until the next reconcile."""
TRIED = ("create, by the hour", "release while it is made")


@dataclass(frozen=True, slots=True)
class Mode:
    """How Bedrock behaves."""

    forgets: bool = False
    """Every token and every name."""
    lag: timedelta = timedelta()
    """Of its lists."""

    def __str__(self) -> str:
        tokens = "tokens forgotten" if self.forgets else "tokens kept"
        return f"{tokens}, lists lag {self.lag.total_seconds() / 60:g} min"


MODES = tuple(itertools.starmap(Mode, itertools.product((False, True), (timedelta(), LAG))))


@contextmanager
def behaving(mode: Mode) -> Iterator[Bench]:
    """A bench whose Bedrock behaves like that, and would sell more than one."""
    forgetful = replace(USUAL, token_seconds=0, unique_names=False) if mode.forgets else USUAL
    with bench(forgetful) as made:
        if mode.lag:
            for name in LISTS:
                made.world.door.add(Fault(name, kind="lagging", share=1, seconds=mode.lag.total_seconds()))
        yield made


def explored(mode: Mode, name: str, share: float = 1) -> Explored:
    """Every fault at every call of one path, or that share of them, while Bedrock behaves like that."""
    with behaving(mode) as made:
        return Exploration(made, PATHS[name], made.checkpoint(), share).singles()


def prove() -> Proof:
    """All modes, and what lists that lag longer than `LONG_SETTLE` cost."""
    found = {mode: [explored(mode, name) for name in TRIED] for mode in MODES}
    longer = Mode(forgets=True, lag=LONG_SETTLE + timedelta(minutes=10))
    known = explored(longer, TRIED[0]).overlap
    objections = [f"{mode}: {each}" for mode, tried in found.items() for one in tried for each in one.objections]
    doubled = {str(mode): max(one.overlap for one in tried) for mode, tried in found.items()}
    objections += [f"{mode}: two were billed for {long}" for mode, long in doubled.items() if long]
    if known > KNOWN:
        objections.append(f"{longer}: two were billed for {known}, more than the {KNOWN} that are known of")
    runs = sum(one.runs for tried in found.values() for one in tried)
    return Proof(
        f"{len(MODES)} modes of Bedrock (tokens kept and forgotten, lists at once and {LAG.seconds // 60} min late), "
        f"{runs:,} runs with one fault: {len(objections)} objections; where lists lag {longer.lag.seconds // 60} min "
        f"and tokens are forgotten, two are billed for at most {known.seconds // 60} min",
        objections,
        [f"{mode}: two billed for {long}" for mode, long in {**doubled, str(longer): known}.items()],
    )

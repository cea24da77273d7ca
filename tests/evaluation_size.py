"""Evaluations of many records, and ones that Bedrock throttles at every rate: time, memory, and that they end.

In this process, against the simulator: the same actions as in Lambda, with the caps on records and calls raised.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from bedrock_simulator import Fault as BedrockFault
from bedrock_simulator.knowledge import Skill
from tunedrop.actions.evaluations import ask_candidate, score_evaluation
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.edges.rows import evaluation_rows

from tests.conftest import scrub
from tests.hostile.world import quiet
from tests.integration import evaluation_world
from tests.integration.bedrock_world import World
from tests.integration.conftest import deployed, in_moto
from tests.integration.evaluation_world import BASES, OURS, THEIRS
from tests.proofs import Proof

SIZES = (2_000, 20_000)
SKILLS = {OURS: Skill(0.9), THEIRS: Skill(0.8), "amazon.nova-pro-v1:0": Skill(0.85)}
AGAINST = ["nova-micro", "nova-pro"]
EVERY = 50
"""Of so many messages one is measured for memory, which slows it down and does not count as time."""
MOST_SLOWER = 1.5
"""Times: what a record of many may take of one of few; 1 is linear, 10 were quadratic."""
MOST_LARGER = 1.5
"""Times: the memory of a message of many records, against one of few."""
MEMORY_MB = 1_024
RATES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
_FEW = 10


@dataclass(slots=True)
class Measured:
    """One evaluation. Processor seconds, and the most that Python held in one message beyond what it held before."""

    records: int
    asking: float = 0.0
    scoring: float = 0.0
    message_mb: float = 0.0
    scoring_mb: float = 0.0
    calls: int = 0
    state: str = ""
    verdict: str = ""

    def __str__(self) -> str:
        calls = self.calls / self.asking
        return (
            f"{self.records:,} records, {self.calls:,} calls: asked in {self.asking:.0f} s of processor ({calls:.0f} "
            f"calls/s) with {self.message_mb:.1f} MB a message, scored in {self.scoring:.1f} s with "
            f"{self.scoring_mb:.0f} MB, {self.verdict}"
        )


def prove() -> Proof:
    """Time in proportion to records, a message's memory not; and every rate of throttling."""
    few, many = (measured(size) for size in SIZES)
    throttled = [ended_at(rate) for rate in RATES]
    told = ", ".join(f"{rate:.0%} {each}" for rate, each in zip(RATES, throttled, strict=True))
    objections = [*_objections(few, many), *(f"throttled: {each}" for each in throttled if each.startswith("!"))]
    return Proof(f"{few}; {many}; throttled at {told}", objections)


def _objections(few: Measured, many: Measured) -> Iterator[str]:
    for each in (few, many):
        planned = len(SKILLS) * (each.records + 30)
        if (each.state, each.calls) != ("Completed", planned):
            yield f"{each.records} records: {each.state}, {each.calls} calls of {planned}"
        if each.scoring_mb > MEMORY_MB / 2:
            yield f"scoring {each.records} records holds {each.scoring_mb:.0f} MB of {MEMORY_MB}"
    for what in ("asking", "scoring"):
        slower = (getattr(many, what) / many.records) / (getattr(few, what) / few.records)
        if slower > MOST_SLOWER:
            yield f"{what}: a record of {many.records} takes {slower:.1f} times as long as one of {few.records}"
    if many.message_mb > MOST_LARGER * few.message_mb:
        yield f"a message holds {many.message_mb:.1f} MB instead of {few.message_mb:.1f}"


def measured(records: int) -> Measured:
    """An evaluation of three candidates that is carried out message by message."""
    with world_of(records) as world:
        evaluation = raised(world, records)
        found = Measured(records)
        waiting, number = evaluation_world.messages(world), 0
        while waiting:
            for message in waiting:
                number += 1
                _carry_out(world, message, evaluation, found, watched=number % EVERY == 2)
            waiting = evaluation_world.messages(world)
        end = evaluation_world.row(world, evaluation.id)
        found.calls, found.state = world.door.calls("Converse"), end.state
        found.verdict = end.conclusion.verdict if end.conclusion else ""
        found.scoring_mb = _peak(lambda: score_evaluation.score(end, world.cloud))
        return found


def _carry_out(world: World, message: Any, evaluation: Evaluation, found: Measured, *, watched: bool) -> None:
    asks = message["kind"] == ask_candidate.MESSAGE
    begins = evaluation_world.row(world, evaluation.id).state == "Requested"
    before, calls = time.process_time(), world.door.calls("Converse")
    if asks and watched:
        found.message_mb = max(found.message_mb, _peak(lambda: world.evaluate(message)))
        found.asking += (world.door.calls("Converse") - calls) * _pace(found)
        return
    world.evaluate(message)
    seconds = time.process_time() - before
    if asks:
        found.asking += seconds
        found.calls += world.door.calls("Converse") - calls
    elif not begins:
        found.scoring += seconds


def _pace(found: Measured) -> float:
    """Seconds that a call took so far."""
    return found.asking / found.calls if found.calls else 0.0


def _peak(work: Callable[[], object]) -> float:
    """The most megabytes of Python's own memory that the work held beyond what was held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def raised(world: World, records: int) -> Evaluation:
    """An evaluation as POST /evaluations writes it, but for the caps on records and calls."""
    told = evaluation_world.post(world, {**BASES, "against": AGAINST, "max_records": 1, "gate": "better"})
    evaluation = evaluation_world.row(world, told["id"])
    calls = 2 * len(SKILLS) * (records + 30)
    larger = replace(evaluation, max_records=records, most_calls=calls)
    assert world.stack.table.put(evaluation_rows.put(larger)).done
    return larger


def ended_at(rate: float) -> str:
    """How an evaluation ends whose calls are throttled so often: its verdict, or what is against it, after a `!`."""
    with world_of(_FEW) as world, evaluation_world.waits_pass_at_once(world), evaluation_world.counted() as answers:
        world.door.add(BedrockFault("Converse", kind="ThrottlingException", share=rate))
        evaluation = evaluation_world.settle(world, evaluation_world.start(world))
        failed = [each["failed"] for each in evaluation_world.report(world, evaluation.id)["candidates"]]
        said = f"{evaluation.state} ({answers[200]} answered, {answers[429]} throttled, {sum(failed)} failed)"
        most = 2 * (_FEW + _FEW)
        return said if evaluation.state == "Completed" and answers[200] <= most else f"! {rate:.0%}: {said}"


@contextmanager
def world_of(records: int) -> Iterator[World]:
    """So many records, and base models of planted skills."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        with in_moto():
            yield evaluation_world.of_bases(deployed(environment), environment, tested=records, skills=SKILLS)

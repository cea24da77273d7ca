"""Gates under faults: every kind at each call between a job's end and the gate's, judged by Bedrock's ledger and rows.

However it goes, one unit is bought at most, nothing goes live that was not judged, and nothing bills in the end but
what the gate has let live.
"""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tunedrop.domain.checks import examples
from tunedrop.domain.evaluation.evaluation_states import ENDED
from tunedrop.domain.serving import deployment_states
from tunedrop.edges.rows import evaluation_rows

from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.delivery import Delivery, Stuck
from tests.faults.kinds import FAULTS, KINDS, Fault, interference
from tests.faults.stories import JOB, LONGEST_HOURS, heard, quiet, settle
from tests.proofs import Proof

RECORDS = 2
"""Of the test split: too few for any verdict, so that one gate holds what the other lets live."""


@dataclass(frozen=True, slots=True)
class Case:
    """What goes wrong in one run: with which gate, at which call, counted from 0."""

    gate: str
    index: int
    operation: str
    fault: Fault

    def __str__(self) -> str:
        return f"gate {self.gate}, call {self.index} ({self.operation}): {self.fault}"


@dataclass(slots=True)
class Tally:
    """Runs, counted."""

    runs: int = 0
    struck: int = 0
    calls: int = 0
    """Of the stories without faults."""
    ends: Counter[str] = field(default_factory=Counter)
    objections: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """The stack between two runs of its functions, in the story without a fault."""

    calls: int
    """Made by then."""
    checkpoint: Checkpoint


GATES = ("none", "better")


def explore(gates: Sequence[str] = GATES, number: int | None = None, seed: int = 12) -> Tally:
    """Every fault at every call of the stories of these gates, or so many of them."""
    with bench() as made:
        found, cases, data = Tally(), list[tuple[Moment, Case]](), _data(made)
        for gate in gates:
            moments, names = _without_fault(made, _trained(made, data, gate), gate, found)
            found.calls += len(names)
            for at, name in enumerate(names):
                begins = next(moment for moment in reversed(moments) if moment.calls <= at)
                cases += [(begins, Case(gate, at, name, fault)) for fault in FAULTS]
        assert not found.objections, f"without a fault: {found.objections}"
        for moment, case in cases if number is None else random.Random(seed).sample(cases, number):
            found.runs += 1
            _play(made, moment, case, found)
        return found


def prove() -> Proof:
    """All of them, a process for each gate."""
    with ProcessPoolExecutor(len(GATES), multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(explore, [(gate,) for gate in GATES]))
    counted = sum((each.ends for each in found), Counter[str]())
    ends = ", ".join(f"{end} {number:,}" for end, number in sorted(counted.items()))
    objections = [against for each in found for against in each.objections]
    return Proof(
        f"{len(KINDS)} kinds of fault at {sum(each.calls for each in found)} calls between a job's end and its gate's, "
        f"{sum(each.runs for each in found):,} runs: {ends}; {len(objections)} objections",
        objections,
    )


def _data(made: Bench) -> Checkpoint:
    delivery = made.begin(made.checkpoint())
    parts: dict[str, bytes | str] = {
        "dataset.toml": 'base_models = ["claude-3-haiku"]\nowner = "support-team"\n',
        "train.jsonl": examples.good(110)(),
        "test.jsonl": examples.good(RECORDS, 500)(),
    }
    for name, body in parts.items():
        made.put(f"incoming/support-bot/{name}", body)
        quiet(delivery)
    return made.checkpoint()


def _trained(made: Bench, data: Checkpoint, gate: str) -> Checkpoint:
    """A job with such a gate, which has started."""
    delivery = made.begin(data)
    wish = {"deployment": {"name": "support-prod", "hours": 8}, "evaluation": {"gate": gate, "max_hours": 4}}
    delivery.call("POST", "/jobs", {**JOB, **wish}, key="job")
    heard(delivery, "JobStarted")
    return made.checkpoint()


def _without_fault(made: Bench, start: Checkpoint, gate: str, found: Tally) -> tuple[list[Moment], list[str]]:
    """The moments of the story at which a run can begin, and the names of its calls."""
    delivery, moments = made.begin(start), [Moment(0, start)]
    while not _is_over(made):
        delivery.step()
        moments.append(Moment(len(delivery.watch.names), made.checkpoint()))
    _end(made, delivery, gate, found, gate)
    return moments, delivery.watch.names


def _play(made: Bench, moment: Moment, case: Case, found: Tally) -> None:
    """One run from that moment on, judged: what comes before the fault is the same each time."""
    at = case.index - moment.calls
    delivery = made.begin(moment.checkpoint, {at: interference(case.fault, made.sleep)})
    _end(made, delivery, case.gate, found, str(case))
    assert delivery.watch.names[at] == case.operation, "the same calls until the fault"
    found.struck += 1


def _end(made: Bench, delivery: Delivery, gate: str, found: Tally, told: str) -> None:
    try:
        delivery.until(lambda: _is_over(made), 2 * LONGEST_HOURS)
        quiet(delivery)
        settle(made, delivery)
        objections = list(_objections(made, delivery, gate))
        found.ends[made.world.deployment().state] += 1
    except Stuck as stuck:
        objections = [f"stuck: {stuck}"]
    found.objections += [f"{told}: {each}" for each in objections]


def _is_over(made: Bench) -> bool:
    state = made.world.deployment().state
    return state in {"Ready", *deployment_states.ENDED} and not evaluation_rows.standing(made.world.stack.table)


def _objections(made: Bench, delivery: Delivery, gate: str) -> Iterator[str]:
    """What was bought twice, went live unjudged, or is left."""
    world = made.world
    head, bought = world.deployment(), world.bought()
    unit = world.purchase()
    evaluation = evaluation_rows.load(world.stack.table, unit.gate.evaluation_id) if unit.gate else None
    if len(bought) > 1:
        yield f"doubled: bought {len(bought)}"
    if evaluation is None or evaluation.state not in ENDED:
        yield f"lost: the evaluation is {evaluation and evaluation.state}"
        return
    lived = [entry.time for entry in head.history if entry.state == "Ready"]
    if lived and (gate == "better" or evaluation.ended_at is None or lived[0] < evaluation.ended_at):
        yield f"live unjudged, or against its gate: {lived}, {evaluation.state} at {evaluation.ended_at}"
    alive = len([entry for entry in bought if entry.is_live])
    if alive != (head.state == "Ready"):
        yield f"{head.state}, and {alive} units bill"
    ready = {told.detail["event_id"] for told in delivery.told if told.type == "DeploymentReady"}
    if len(ready) != bool(lived):
        yield f"told ready {len(ready)} times, and lived {len(lived)}"
    if (calls := evaluation_rows.progress(world.stack.table, evaluation.id).calls) > evaluation.most_calls:
        yield f"doubled: {calls} calls of at most {evaluation.most_calls}"
    if lying := {name for name, line in delivery.lines.items() if line.messages}:
        yield f"stuck: messages on {sorted(lying)}"

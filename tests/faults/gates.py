"""Gates under faults: every kind at each call between a job's end and the gate's, judged by Bedrock's ledger and rows.

However it goes, one unit is bought at most, nothing goes live that was not judged, and nothing bills in the end but
what the gate has let live.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
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
    """Of both stories without faults."""
    ends: Counter[str] = field(default_factory=Counter)
    objections: list[str] = field(default_factory=list)


def explore(number: int | None = None, seed: int = 12) -> Tally:
    """Every fault at every call of both stories, or so many of them."""
    with bench() as made:
        found, cases = Tally(), list[tuple[Checkpoint, Case]]()
        data = _data(made)
        for gate in ("none", "better"):
            start = _trained(made, data, gate)
            names = _play(made, start, gate, None, found)
            found.calls += len(names)
            cases += [(start, Case(gate, at, name, fault)) for at, name in enumerate(names) for fault in FAULTS]
        assert not found.objections, f"without a fault: {found.objections}"
        for start, case in cases if number is None else random.Random(seed).sample(cases, number):
            found.runs += 1
            _play(made, start, case.gate, case, found)
        return found


def prove() -> Proof:
    """All of them."""
    found = explore()
    ends = ", ".join(f"{end} {number:,}" for end, number in sorted(found.ends.items()))
    return Proof(
        f"{len(KINDS)} kinds of fault at {found.calls} calls between a job's end and its gate's, {found.runs:,} runs: "
        f"{ends}; {len(found.objections)} objections",
        found.objections,
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


def _play(made: Bench, start: Checkpoint, gate: str, case: Case | None, found: Tally) -> list[str]:
    """One run, judged; the names of its calls."""
    delivery = made.begin(start, {case.index: interference(case.fault, made.sleep)} if case else {})
    try:
        delivery.until(lambda: _is_over(made), 2 * LONGEST_HOURS)
        quiet(delivery)
        settle(made, delivery)
        objections = list(_objections(made, delivery, gate))
        found.ends[made.world.deployment().state] += 1
    except Stuck as stuck:
        objections = [f"stuck: {stuck}"]
    found.objections += [f"{case or gate}: {each}" for each in objections]
    found.struck += bool(case and case.index < len(delivery.watch.names))
    return delivery.watch.names


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

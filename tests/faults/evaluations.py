"""Evaluations under faults: every kind at each call to AWS, judged by the bucket, the rows and Bedrock's own count.

However it goes, each question of each candidate is answered once or counted as failed, calls stay within those planned,
the end is told once, and nothing is left.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.checks import examples
from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation
from tunedrop.domain.versions import object_keys
from tunedrop.edges.rows import evaluation_rows

from tests.faults import throttled_evaluations
from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.delivery import Delivery, Stuck
from tests.faults.kinds import FAULTS, KINDS, Fault, interference
from tests.faults.stories import LONGEST_HOURS, quiet
from tests.integration import evaluation_world
from tests.proofs import Proof

RECORDS = 3
BODY = {"dataset": "support-bot", "candidate": "claude-3-haiku", "against": ["llama-3-1-8b"], "gate": "better"}
QUESTIONS = 2 * 2 * RECORDS
"""Each record twice, of two candidates."""
ASKED = "Converse"
_ALIKE = 3
"""Calls of one visit to models, of which more would be the same again."""


@dataclass(frozen=True, slots=True)
class Story:
    """An evaluation that is left to itself, or stopped once a candidate has answered."""

    name: str
    stops: bool
    state: str
    body: Mapping[str, Any] = field(default_factory=lambda: BODY)


AIDED = Story(
    "aided",
    False,
    "Completed",
    {**BODY, "against": ["llama-3-1-8b:few_shot=2", "answers/old.jsonl"], "group_by": "pair"},
)
"""With examples from train, answers made elsewhere, further right answers and groups."""
STORIES = (Story("evaluate", False, "Completed"), Story("stop", True, "Stopped"), AIDED)


@dataclass(frozen=True, slots=True)
class Case:
    """What goes wrong in one run: at which call, counted from 0."""

    story: Story
    index: int
    operation: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.story.name}, call {self.index} ({self.operation}): {self.fault}"


@dataclass(slots=True)
class Tally:
    """Runs, counted."""

    runs: int = 0
    struck: int = 0
    calls: int = 0
    """Of the stories without faults."""
    states: Counter[str] = field(default_factory=Counter)
    most_asked: int = 0
    dead_letters: int = 0
    objections: list[str] = field(default_factory=list)


def explore(number: int | None = None, seed: int = 12) -> Tally:
    """Every fault at every call of all stories, or so many of them, one of which repeats calls."""
    with bench() as made:
        start, found = staged(made), Tally()
        cases = []
        for story in STORIES:
            names = _play(made, start, story, None, found)
            found.calls += len(names)
            cases += [Case(story, index, names[index], fault) for index in _places(names) for fault in FAULTS]
        assert not found.objections, f"without a fault: {found.objections}"
        for case in cases if number is None else _some(cases, number, seed):
            found.runs += 1
            _play(made, start, case.story, case, found)
        return found


def prove() -> Proof:
    """All of them, and evaluations that are throttled."""
    found, slowed = explore(), throttled_evaluations.explore()
    states = ", ".join(f"{state} {number:,}" for state, number in sorted(found.states.items()))
    return Proof(
        f"{len(KINDS)} kinds of fault at {found.calls} calls of {len(STORIES)} evaluations, {found.runs:,} runs: "
        f"{states}; {QUESTIONS} questions, at most {found.most_asked} asked, dead letters {found.dead_letters}, "
        f"{len(found.objections)} objections; {slowed.figures}",
        [*found.objections, *slowed.objections],
    )


def _some(cases: Sequence[Case], number: int, seed: int) -> Iterator[Case]:
    yield next(case for case in cases if case.operation == ASKED and case.fault.kind == "crash_after")
    yield from random.Random(seed).sample(cases, number - 1)


def staged(made: Bench, records: int = RECORDS) -> Checkpoint:
    """A version with so many records of test, for the first of the models."""
    delivery = made.begin(made.checkpoint())
    fields = '[fields]\nkeep = ["references", "pair"]\n'
    parts: dict[str, bytes | str] = {
        "dataset.toml": f'base_models = ["claude-3-haiku"]\nowner = "support-team"\n{fields}',
        "train.jsonl": examples.good(110)(),
        "test.jsonl": "".join(f"{json.dumps(each)}\n" for each in _with_fields(records)),
        "answers/old.jsonl": "".join(
            f"{json.dumps({'record': number + 1, 'answer': _elsewhere(number)})}\n" for number in range(records)
        ),
    }
    for name, body in parts.items():
        made.put(f"incoming/support-bot/{name}", body)
        quiet(delivery)
    return made.checkpoint()


def _with_fields(records: int) -> Iterator[dict[str, Any]]:
    """Test's records: two belong together, and of each there is another right answer."""
    for number, line in enumerate(examples.good(records, 500)().splitlines()):
        yield {**json.loads(line), "references": [_elsewhere(number)], "pair": f"p{number // 2}"}


def _elsewhere(number: int) -> str:
    return f"The sum has number {number} of those that were made elsewhere"


def _places(names: Sequence[str]) -> Iterator[int]:
    """Each call, but of questions in a row the first few only."""
    row = 0
    for index, name in enumerate(names):
        row = row + 1 if name == ASKED else 0
        if row <= _ALIKE:
            yield index


def _play(made: Bench, start: Checkpoint, story: Story, case: Case | None, found: Tally) -> list[str]:
    """One run, judged; the names of its calls."""
    plan = {case.index: interference(case.fault, made.sleep)} if case else {}
    delivery = made.begin(start, plan)
    before, objections = made.world.door.calls(ASKED), list[str]()
    try:
        _, told = delivery.call("POST", "/evaluations", story.body, key="evaluate")
        if story.stops:
            delivery.until(lambda: _is_answered(made, told["id"]), LONGEST_HOURS)
            if row(made, told["id"]).state == "InProgress":
                delivery.call("POST", f"/evaluations/{told['id']}/stop", key="stop")
        delivery.until(lambda: is_over(made, told["id"]), LONGEST_HOURS)
        quiet(delivery)
        asked = made.world.door.calls(ASKED) - before
        objections += _objections(made, delivery, row(made, told["id"]), story, case, asked)
        found.most_asked = max(found.most_asked, asked)
        found.states[row(made, told["id"]).state] += 1
    except Stuck as stuck:
        objections.append(f"stuck: {stuck}")
    names = delivery.watch.names
    found.objections += [f"{case or story.name}: {each}" for each in objections]
    found.struck += bool(case and case.index < len(names))
    found.dead_letters += sum(len(line.dead) for line in delivery.lines.values())
    return names


def row(made: Bench, evaluation_id: str) -> Evaluation:
    """The evaluation as it is now."""
    found = evaluation_rows.load(made.world.stack.table, evaluation_id)
    assert found is not None
    return found


def _is_answered(made: Bench, evaluation_id: str) -> bool:
    """Whether one candidate is, in part: as far as the counter knows, or all of them."""
    counted = evaluation_rows.progress(made.world.stack.table, evaluation_id)
    return counted.answered > 0 or row(made, evaluation_id).state not in {"Requested", "InProgress"}


def is_over(made: Bench, evaluation_id: str) -> bool:
    """Whether it has ended, and its end was told."""
    return row(made, evaluation_id).state in ENDED and not evaluation_rows.standing(made.world.stack.table)


def _objections(
    made: Bench, delivery: Delivery, evaluation: Evaluation, story: Story, case: Case | None, asked: int
) -> Iterator[str]:
    """What is lost, doubled or left."""
    if evaluation.state not in _ends(story):
        yield f"{evaluation.state}, {evaluation.failure_code}"
    if asked > evaluation.most_calls:
        yield f"doubled: {asked} calls for at most {evaluation.most_calls}"
    stored = evaluation_world.stored(made.world, evaluation.id)
    every = evaluation_world.every_item(evaluation)
    if doubled := stored - every:
        yield f"doubled: answers {sorted(doubled)}"
    if evaluation.state == "Completed":
        yield from (f"lost: answers {sorted(missing)}" for missing in [every - stored] if missing)
        yield from _report(made, evaluation, case)
        yield from _aids(made, evaluation) if story is AIDED else ()
    ends = Counter(told.detail["event_id"] for told in delivery.told if told.type.startswith("Evaluation"))
    if len(ends) != 1:
        yield f"{'doubled' if ends else 'lost'}: ends told {len(ends)}"
    if lying := {name for name, line in delivery.lines.items() if line.messages}:
        yield f"stuck: messages on {sorted(lying)}"


def _ends(story: Story) -> set[str]:
    """A stop may come too late."""
    return {story.state} | ({"Completed"} if story.stops else set())


def _report(made: Bench, evaluation: Evaluation, case: Case | None) -> Iterator[str]:
    """A call that was denied counts as failed; whatever else goes wrong, all are answered in the end."""
    report: Mapping[str, Any] = evaluation_world.report(made.world, evaluation.id)
    failed = [each["failed"] for each in report["candidates"]]
    denied = case is not None and case.operation == ASKED and case.fault.kind == "access_denied"
    if sum(failed) > denied or report["records"] != RECORDS:
        yield f"lost: {failed} answers failed of {report['records']} records"
    listed = made.versions(object_keys.evaluation_folder(evaluation.dataset, evaluation.version, evaluation.id))
    if again := [key for key, written in listed.items() if len(written) > 1]:
        yield f"doubled: written twice {json.dumps(again)}"


def _aids(made: Bench, evaluation: Evaluation) -> Iterator[str]:
    """What was made elsewhere is right by a further answer that was kept; records of one pair count as one."""
    report: Mapping[str, Any] = evaluation_world.report(made.world, evaluation.id)
    elsewhere = report["candidates"][2]["scores"][report["metric"]]
    if elsewhere != 1 or report["declared"]["groups"] != -(-RECORDS // 2):
        yield f"lost: answers elsewhere score {elsewhere}, {report['declared']['groups']} groups"
    shown = f"{object_keys.evaluation_folder(evaluation.dataset, evaluation.version, evaluation.id)}few_shot.jsonl"
    if not made.versions(shown):
        yield "lost: the examples that were shown"

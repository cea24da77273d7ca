"""B2: each kind of fault at each call to AWS of the upload, job and tracking workflows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.delivery import Stuck
from tests.faults.kinds import FAULTS, KINDS, Fault, interference
from tests.faults.stories import STORIES, Ending, Story, ending
from tests.proofs import Proof


@dataclass(frozen=True, slots=True)
class Place:
    """One call of a workflow without faults: which act makes it, and as which of the act's calls."""

    story: str
    act: int
    index: int
    operation: str

    def __str__(self) -> str:
        return f"{self.story}, act {self.act}, call {self.index} ({self.operation})"


@dataclass(frozen=True, slots=True)
class Stage:
    """A workflow without faults: where each act begins, its calls, and how it all ends."""

    story: Story
    starts: tuple[Checkpoint, ...]
    calls: tuple[tuple[str, ...], ...]
    ending: Ending
    over: timedelta
    """How long after the last act's beginning it is over."""

    def places(self) -> Iterator[Place]:
        """Every call."""
        for act, names in enumerate(self.calls):
            yield from (Place(self.story.name, act, index, name) for index, name in enumerate(names))


@dataclass(frozen=True, slots=True)
class Case:
    """What goes wrong in one run. `then`: a second fault, so many calls after the first."""

    place: Place
    fault: Fault
    then: tuple[int, Fault] | None = None

    def __str__(self) -> str:
        second = f", and {self.then[1]} {self.then[0]} calls later" if self.then else ""
        return f"{self.place}: {self.fault}{second}"


@dataclass(frozen=True, slots=True)
class Run:
    """How one run with faults came out."""

    case: Case
    objections: tuple[str, ...]
    mended_by: str
    dead_letters: int
    struck: int
    """How many of the faults met a call."""


@dataclass(slots=True)
class Tally:
    """Runs, counted."""

    runs: int = 0
    dead_letters: int = 0
    struck: int = 0
    mended_by: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[tuple[str, str]] = field(default_factory=Counter)
    objections: list[str] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Count one more."""
        self.runs += 1
        self.dead_letters += run.dead_letters
        self.struck += run.struck
        self.mended_by[run.mended_by] += 1
        self.by_kind[run.case.fault.kind, run.mended_by] += 1
        self.objections += [f"{run.case}: {each}" for each in run.objections]

    def count(self, word: str) -> int:
        """How many objections say that something is lost, doubled or stuck."""
        return sum(f": {word}" in each for each in self.objections)


def stage(made: Bench, story: Story, empty: Checkpoint) -> Stage:
    """Play the story without faults."""
    story.before(made, made.begin(empty))
    starts, calls = [made.checkpoint()], []
    for act in story.acts:
        delivery = made.begin(starts[-1], arrivals=story.arrivals)
        act(made, delivery)
        assert not delivery.deaths, f"{story.name} dies without a fault"
        assert not any(line.messages for line in delivery.lines.values()), f"{story.name} leaves something on its way"
        calls.append(tuple(delivery.watch.names))
        starts.append(made.checkpoint())
    over = starts[-1].time - starts[0].time
    return Stage(story, tuple(starts[:-1]), tuple(calls), ending(made, delivery), over)


def play(made: Bench, staged: Stage, case: Case) -> Run:
    """Play the story from the act on in which the fault meets it."""
    plan = {case.place.index: interference(case.fault, made.sleep)}
    if case.then:
        plan[case.place.index + case.then[0]] = interference(case.then[1], made.sleep)
    delivery = made.begin(staged.starts[case.place.act], plan, staged.story.arrivals)
    objections: list[str] = []
    try:
        for act in staged.story.acts[case.place.act :]:
            act(made, delivery)
    except Stuck as stuck:
        objections.append(f"stuck: {stuck}")
    objections += ending(made, delivery).differences(staged.ending)
    names = delivery.watch.names
    assert names[case.place.index] == case.place.operation, "the same calls until the fault"
    dead = sum(len(line.dead) for line in delivery.lines.values())
    struck = sum(index < len(names) for index in plan)
    return Run(
        case, tuple(objections), _mended_by(delivery.refusals, delivery.redelivered, delivery.deaths), dead, struck
    )


def _mended_by(refusals: Sequence[object], redelivered: int, deaths: int) -> str:
    if refusals:
        return "the caller's repetition"
    if redelivered:
        return "a redelivery"
    return "the next schedule" if deaths else "the function itself"


def tally(cases: Callable[[dict[str, Stage]], Iterable[Case]]) -> tuple[Tally, dict[str, Stage]]:
    """Play all cases that are made of the stages."""
    result = Tally()
    with bench() as made:
        empty = made.checkpoint()
        stages = {story.name: stage(made, story, empty) for story in STORIES}
        for case in cases(stages):
            result.add(play(made, stages[case.place.story], case))
    return result, stages


def singles(stages: dict[str, Stage]) -> Iterator[Case]:
    """Every fault at every call."""
    for staged in stages.values():
        for place in staged.places():
            yield from (Case(place, fault) for fault in FAULTS)


def sample(number: int, seed: int) -> Callable[[dict[str, Stage]], list[Case]]:
    """So many of these, each kind alike."""
    return lambda stages: random.Random(seed).sample(list(singles(stages)), number)


def pairs(number: int, seed: int) -> Callable[[dict[str, Stage]], Iterator[Case]]:
    """So many ordered pairs: a second fault up to twenty calls after the first, where what mends that goes on."""

    def drawn(stages: dict[str, Stage]) -> Iterator[Case]:
        chance = random.Random(seed)
        places = [place for staged in stages.values() for place in staged.places()]
        for _ in range(number):
            yield Case(chance.choice(places), chance.choice(FAULTS), (chance.randint(1, 20), chance.choice(FAULTS)))

    return drawn


def figures(result: Tally, stages: dict[str, Stage], what: str) -> str:
    """One line."""
    calls = sum(len(list(staged.places())) for staged in stages.values())
    counts = ", ".join(f"{word} {result.count(word)}" for word in ("lost", "doubled", "stuck"))
    mended = ", ".join(f"{name} {number:,}" for name, number in result.mended_by.most_common())
    return (
        f"{len(KINDS)} kinds of fault, {calls} calls of {len(stages)} workflows, {result.runs:,} {what}: {counts}, "
        f"dead letters {result.dead_letters}; mended by {mended}"
    )


def prove() -> Proof:
    """All single faults."""
    return _proof(singles, "runs with one fault each")


def prove_pairs() -> Proof:
    """Many ordered pairs of faults."""
    return _proof(pairs(5_000, seed=10), "runs with two faults each")


def _proof(cases: Callable[[dict[str, Stage]], Iterable[Case]], what: str) -> Proof:
    result, stages = tally(cases)
    details = [f"{kind:30} mended by {name:25} {number:6,}" for (kind, name), number in sorted(result.by_kind.items())]
    return Proof(figures(result, stages, what), result.objections, details)

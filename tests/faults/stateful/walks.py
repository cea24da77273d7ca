"""Random walks through the program: each of a seed, with every beginning in its turn, judged after each step.

The draws are our own, because Hypothesis's concentrate: in 48 s of its walks no model was swapped and nothing restored.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tests.faults.stateful.beginnings import BEGINNINGS, begin
from tests.faults.stateful.invariants import ALWAYS, AT_REST, RESTORED, RESTORED_AT_REST, Invariant
from tests.faults.stateful.program import QUOTA, Program
from tests.faults.stateful.steps import HOUR, MINUTE, STEPS, Taken, draw

SKEWS = (-3, 0, 0, 3)
KEPT_OUT = 0.35
"""Of the kinds of steps, in each walk: what undoes much, such as a new stack, would else cut nearly all short."""
MOST_ROUNDS = 40
REST = (11 * MINUTE, 3 * HOUR, 11 * MINUTE, 9 * HOUR, 11 * MINUTE, 27 * HOUR)
"""Waits of the way to rest, over and over: for second tries, for trainings, for leases, for deadlines."""


class Violated(AssertionError):
    """An invariant does not hold."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name}: {words}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Walk:
    """What leads to the same again: how it began, Bedrock's clock in minutes ahead, and the steps."""

    beginning: str
    skew: int
    steps: tuple[Taken, ...]

    def __str__(self) -> str:
        return "; ".join((f"{self.beginning}, clock {self.skew:+} min", *map(str, self.steps)))


class Broken(Exception):
    """Something went wrong on the last step of a walk, or on its way to rest; its cause says what."""

    def __init__(self, walk: Walk) -> None:
        super().__init__(str(walk))
        self.walk = walk


def walk(program: Program, seed: int, most: int) -> Walk:
    """Of one seed, at most so many steps and the way to rest. Raises Broken."""
    steps: list[Taken] = []
    chance = random.Random(seed)
    beginning, skew = BEGINNINGS[seed % len(BEGINNINGS)], chance.choice(SKEWS)
    try:
        _go(program, beginning, skew, _drawn(program, most, chance, steps))
    except Exception as error:
        raise Broken(Walk(beginning, skew, tuple(steps))) from error
    return Walk(beginning, skew, tuple(steps))


def cut_down(program: Program, broken: Broken) -> Broken:
    """The same without each step that it does not take for the same to go wrong."""
    for place in reversed(range(len(broken.walk.steps))):
        steps = broken.walk.steps
        fewer = replace(broken.walk, steps=(*steps[:place], *steps[place + 1 :]))
        try:
            _go(program, fewer.beginning, fewer.skew, fewer.steps)
        except Exception as error:  # noqa: BLE001 - whatever went wrong
            if _what(error) == _what(broken.__cause__):
                broken = Broken(fewer)
                broken.__cause__ = error
    return broken


def _what(error: BaseException | None) -> str:
    return error.name if isinstance(error, Violated) else repr(type(error))


def _go(program: Program, beginning: str, skew: int, steps: Iterable[Taken]) -> None:
    begin(program, beginning, skew)
    _judge_now(program)
    for step in steps:
        step.take(program)
        _judge_now(program)
    _come_to_rest(program)


def _drawn(program: Program, most: int, chance: random.Random, steps: list[Taken]) -> Iterator[Taken]:
    kept_out = {name for name in STEPS if chance.random() < KEPT_OUT}
    while len(steps) < most:
        steps.append(draw(program, kept_out, chance))
        yield steps[-1]


def _judge(program: Program, invariants: Iterable[Invariant]) -> None:
    for each in invariants:
        for words in each(program):
            raise Violated(each.__name__, words)


def _judge_now(program: Program) -> None:
    """What must hold always, as far as it does of tables that were put back."""
    program.look()
    _judge(program, RESTORED if program.history.restored else ALWAYS)


def _come_to_rest(program: Program) -> None:
    """No more faults, and enough time: everything that was under way comes to its end.

    In half of all walks Bedrock has no room for the first day, so that what waits for room lapses.
    """
    program.sell(0 if len(program.history.requests) % 2 else QUOTA)
    for number in range(MOST_ROUNDS):
        if number == len(REST):
            program.sell(QUOTA)
        program.wait(REST[number % len(REST)])
        program.world.events.clear()  # best effort: from here on, none arrives
        program.queues.redrive(program.now)
        program.tick()
        _judge_now(program)
        bills = any(each.is_live for each in program.every_purchase())
        if not program.queues.waiting and not program.world.open_work() and not bills:
            break
    _judge(program, RESTORED_AT_REST if program.history.restored else AT_REST)

"""What people upload in a storm, and how its events come: late, repeated, unreadable, racing. Pure: a seed decides."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.checks import examples

REPEATED, DISORDERED, POISON, RACES = 0.05, 0.05, 0.01, 0.02
"""Shares of all events."""
SAME_BYTES, BAD_DATA = 0.05, 0.05
"""Shares of the other uploads."""
PER_DATASET = 10
CLOSE, APART = (1.1, 4), (4, 1_800)
"""Seconds between two uploads to a dataset: four in ten meet the one before while it is worked off."""

UNREADABLE = ("not json", "[]", "{}", '{"schema": 9, "kind": "join_parts"}', '{"schema": 1, "kind": "unheard_of"}')
"""Messages that no release reads."""

Deed = Literal["put", "mark", "erase", "message"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: an object is put, marked as deleted, erased for good, or a message arrives."""

    at: float
    """Seconds since the storm began."""
    deed: Deed
    key: str = ""
    body: bytes = b""
    arrivals: tuple[float, ...] = ()
    """Seconds from the put until each copy of its event arrives."""
    poisoned: bool = False


def plan(seed: int, events: int) -> list[Step]:
    """So many events, those that are repeated counted once, in the order of their time."""
    chance = random.Random(seed)
    poison = max(1, round(events * POISON))
    unreadable, poisoned = poison // 2, poison - poison // 2
    steps = [
        Step(chance.uniform(0, 40_000), "message", body=UNREADABLE[number % len(UNREADABLE)].encode())
        for number in range(unreadable)
    ]
    author = _Author(chance)
    steps += [
        author.put(chance.uniform(0, 40_000), f"incoming/poisoned-{number % 5}/train.jsonl", poisoned=True)
        for number in range(poisoned)
    ]
    left, dataset = events - poison, 0
    while left > 0:
        count = min(PER_DATASET, left)
        steps += author.life(f"d{seed}-{dataset}", count)
        left, dataset = left - count, dataset + 1
    return sorted(steps, key=lambda step: step.at)


class _Author:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.records = 0

    def put(self, at: float, key: str, *, body: bytes = b"", poisoned: bool = False, late: float = 0) -> Step:
        copies = self.chance.randint(1, 4) if self.chance.random() < REPEATED else 0
        arrivals = [self.chance.uniform(0.3, 3) + late, *(self.chance.uniform(0, 7_200) for _ in range(copies))]
        return Step(at, "put", key, body or self.body(), tuple(arrivals), poisoned)

    def body(self) -> bytes:
        """Records that nobody uploaded before, now and then a bad one among them."""
        self.records += 40
        bad = b'{"prompt": "Why?"}\n' if self.chance.random() < BAD_DATA else b""
        return examples.good(32 + self.chance.randint(0, 8), self.records)() + bad

    def life(self, dataset: str, events: int) -> Iterator[Step]:
        """A dataset from its first train file on, with so many events."""
        at = self.chance.uniform(0, 30_000)
        first = self.put(at, f"incoming/{dataset}/train.jsonl")
        yield first
        bodies = {"train": first.body}
        while events := events - 1:
            at += self.chance.uniform(*(CLOSE if self.chance.random() < 0.4 else APART))
            key = f"incoming/{dataset}/{self._name()}"
            split = key.rpartition("/")[2].partition(".")[0]
            dice = self.chance.random()
            if dice < RACES and events > 1:
                events -= 1
                yield from self._race(at, key)
            elif dice < RACES + DISORDERED and events > 1:
                events -= 1
                late = self.put(at, key, late=self.chance.uniform(20, 7_200))
                newer = self.put(at + self.chance.uniform(1.1, 10), key)
                bodies[split] = newer.body
                yield from (late, newer)
            else:
                again = bodies.get(split) if self.chance.random() < SAME_BYTES else None
                step = self.put(at, key, body=again or b"")
                bodies[split] = step.body
                yield step

    def _name(self) -> str:
        names = ("train.jsonl", "train.jsonl", "train.json", "validation.jsonl", "validation.jsonl", "notes.docx")
        return self.chance.choice(names)

    def _race(self, at: float, key: str) -> Iterator[Step]:
        """Two uploads in two seconds; the first may be gone for good before, while or after it is read."""
        yield self.put(at, key)
        if self.chance.random() < 0.5:
            yield Step(at + self.chance.uniform(0.2, 4), self.chance.choice(("mark", "erase")), key)
        yield self.put(at + self.chance.uniform(1.1, 2.5), key)

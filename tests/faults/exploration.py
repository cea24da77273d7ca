"""All that can become of a path under one fault and under two: every fault at every call, and what follows from each.

What comes next depends on nothing but the stack's state. Where two runs come to the same one, they go on as one; and
kinds that left the same state at every call of an operation, as the only fault, stand for one another as the second. So
every ordered pair is tried, although few are played from beginning to end.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests import builders
from tests.faults import money_paths, stories
from tests.faults.bench import Bench, Checkpoint
from tests.faults.delivery import CALLER_WAITS, SCHEDULE, Standing
from tests.faults.injector import Interference
from tests.faults.kinds import KINDS, Fault, Kind, interference
from tests.faults.lines import Message
from tests.faults.money_paths import Ask, Asleep, Path, Until

Plan = Mapping[int, Kind]
ROUTINE = "ReconcileCompleted"
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Node:
    """The stack between two runs of its functions."""

    checkpoint: Checkpoint
    move: int
    """Of the path; those before it are made."""
    since: datetime
    """When that move began."""
    fingerprint: int
    story: tuple[str, ...] = ()
    """The faults on the way here, for people."""


@dataclass(frozen=True, slots=True)
class First:
    """A fault where there was none before, in a turn that makes these calls then, and what comes of it."""

    before: Node
    index: int
    kind: Kind
    calls: tuple[str, ...]
    after: Node


@dataclass(slots=True)
class Explored:
    """What was tried of one path, and what is against it."""

    name: str
    calls: int = 0
    """Without a fault."""
    runs: int = 0
    """Different faults, or ordered pairs of them."""
    turns: int = 0
    """Runs of a function that were played for them."""
    endings: int = 0
    """Different states in which they ended."""
    overlap: timedelta = timedelta()
    """The longest that more than one throughput billed."""
    objections: list[str] = field(default_factory=list)


class Exploration:
    """One path on one bench. `share`: of all faults, where a bounded part has to do; drawn by a seed."""

    def __init__(self, made: Bench, path: Path, empty: Checkpoint, share: float = 1, seed: int = 0) -> None:
        self.made, self.path, self.found = made, path, Explored(path.name)
        self._share, self._chance = share, random.Random(seed)
        self._known: dict[tuple[int, int], int] = {}
        self._words: dict[int, tuple[Any, str]] = {}
        path.before(made, made.begin(empty))
        self.trained = money_paths.jobs(made)
        self.firsts = list(self._play(self._node(0, made.world.clock.now())))
        self._classes = _classes(self.firsts)

    def singles(self) -> Explored:
        """Every fault."""
        self.found.runs += sum(self._explore(first.after, 0) for first in self.firsts)
        return self.found

    def pairs(self) -> Explored:
        """Every ordered pair of faults."""
        for first in self.firsts:
            self.found.runs += self._explore(first.after, 1)
            for later in range(first.index + 1, len(first.calls)):
                for kind, number in self._drawn(first.calls[later]):
                    after, _ = self._turn(first.before, {first.index: first.kind, later: kind})
                    self.found.runs += number * self._explore(after, 0)
        return self.found

    def _play(self, node: Node) -> Iterator[First]:
        """Play the path without a fault, and each fault in each of its turns."""
        while node.move < len(self.path.moves):
            after, calls = self._turn(node, {})
            assert not self.made.delivery.deaths, f"{self.path.name} dies without a fault"
            self.found.calls += len(calls)
            for index in range(len(calls)):
                for kind in KINDS:
                    if self._chance.random() < self._share:
                        struck, again = self._turn(node, {index: kind})
                        yield First(node, index, kind, tuple(again), struck)
            node = after
        self.wanted = money_paths.outcome(self.made, self.made.begin(node.checkpoint))

    def _explore(self, node: Node, faults: int) -> int:
        """How many runs with so many more faults, 0 or 1, there are from here on; all of them are judged."""
        chain: list[tuple[Node, list[str]]] = []
        while (number := self._known.get((node.fingerprint, faults))) is None:
            if node.move == len(self.path.moves) or self._is_stuck(node):
                self._judge(node)
                number = self._known[node.fingerprint, faults] = 1 - faults
                break
            after, calls = self._turn(node, {})
            chain.append((node, calls))
            node = after
        for each, calls in reversed(chain):
            if faults:
                number += sum(self._struck(each, index, name) for index, name in enumerate(calls))
            self._known[each.fingerprint, faults] = number
        return number

    def _struck(self, node: Node, index: int, name: str) -> int:
        """How many runs the faults at one call of the next turn make."""
        drawn = self._drawn(name)
        return sum(number * self._explore(self._turn(node, {index: kind})[0], 0) for kind, number in drawn)

    def _drawn(self, name: str) -> Iterator[tuple[Kind, int]]:
        """The kinds to try as the second fault at a call of that name, and how many each stands for."""
        for kinds in self._classes.get(name, [(kind,) for kind in KINDS]):
            if self._chance.random() < self._share:
                yield kinds[0], len(kinds)

    def _turn(self, node: Node, plan: Plan) -> tuple[Node, list[str]]:
        """The next run of a function, in which the plan interferes; and the calls that it made."""
        self.found.turns += 1
        sleep = self.made.sleep
        interferences: dict[int, Interference] = {at: interference(Fault(kind), sleep) for at, kind in plan.items()}
        delivery = self.made.begin(node.checkpoint, interferences)
        random.seed(0)  # botocore waits the same each time
        move = self._make(node.move)
        names = delivery.watch.names
        story = tuple(f"{kind} at {names[at]} (move {node.move}, call {at})" for at, kind in plan.items())
        since = node.since if move == node.move else self.made.world.clock.now()
        return self._node(move, since, node.story + story), names

    def _make(self, number: int) -> int:
        """Go on with the path by one run of a function; the move that comes next."""
        delivery, clock = self.made.delivery, self.made.world.clock
        while number < len(self.path.moves):
            match self.path.moves[number]:
                case Until(done) if not done(self.made, delivery):
                    delivery.step(_whole_minute)
                    return number
                case Ask(method, body, key):
                    headers = {"Idempotency-Key": key} if key else None
                    asked = builders.api_request(method, money_paths.PATH, body=body(self.trained), headers=headers)
                    if delivery.once(asked)[0] < 300:
                        return number + 1
                    clock.advance(CALLER_WAITS)
                    clock.time = _whole_minute(clock.time)
                    return number
                case Asleep(hours):
                    self._sleep(hours)
            number += 1
        return number

    def _sleep(self, hours: float) -> None:
        """None of our functions runs; Bedrock and the second brake go on."""
        delivery, world = self.made.delivery, self.made.world
        world.sleep(3_600 * hours)
        while delivery.next_schedule < world.clock.time:
            delivery.next_schedule += SCHEDULE

    def _is_stuck(self, node: Node) -> bool:
        return node.checkpoint.time - node.since > timedelta(hours=stories.LONGEST_HOURS)

    def _judge(self, node: Node) -> None:
        self.found.endings += 1
        made, stuck = self.made, node.move < len(self.path.moves)
        delivery = made.begin(node.checkpoint)
        against = [f"stuck: at move {node.move}"] * stuck
        against += money_paths.outcome(made, delivery).differences(self.wanted)
        against += money_paths.overdue(made, self.path)
        self.found.overlap = max(self.found.overlap, money_paths.overlap(made))
        told = " and then ".join(node.story) or "no fault"
        self.found.objections += [f"{self.path.name}: {told}: {each}" for each in against]

    def _node(self, move: int, since: datetime, story: tuple[str, ...] = ()) -> Node:
        checkpoint = self.made.checkpoint()
        return Node(checkpoint, move, since, hash(self._state(checkpoint, move)), story)

    def _state(self, checkpoint: Checkpoint, move: int) -> str:
        """All that what comes next depends on; of two runs that differ in ids only, nothing is lost by that."""
        standing = checkpoint.standing
        bedrock = json.loads(checkpoint.bedrock)
        del bedrock["serial"]
        asks = move < len(self.path.moves) and isinstance(self.path.moves[move], Ask)
        state = {
            "move": move,
            "time": checkpoint.time.isoformat() if asks or _first_due(standing) <= checkpoint.time else "",
            "rows": [self._written(item) for rows in checkpoint.rows.values() for item in _items(rows)],
            "bedrock": bedrock,
            "waiting": _told(standing.waiting),
            "dead": _told(standing.dead),
            "told": sorted(
                {(each.type, str(each.detail.get("event_id"))) for each in standing.told if each.type != ROUTINE}
            ),
            "schedules": {name: (one.schedule_expression, one.target) for name, one in checkpoint.schedules.items()},
            "due": [_whole_minute(each).isoformat() for each in (standing.next_schedule, *standing.repeats)],
        }
        return json.dumps(state, sort_keys=True)

    def _written(self, item: Any) -> str:
        """A row in words, but for the ids of requests. Moto makes a new row of whatever changes."""
        held, words = self._words.get(id(item), (None, ""))
        if held is not item:
            words = REQUEST_ID.sub("", json.dumps(item.to_json(), sort_keys=True))
            self._words[id(item)] = item, words
        return words


def _classes(firsts: Sequence[First]) -> dict[str, list[tuple[Kind, ...]]]:
    """By operation, the kinds that left the same state at every call of it."""
    left: dict[str, dict[Kind, list[tuple[int, int, int]]]] = defaultdict(lambda: defaultdict(list))
    for first in firsts:
        left[first.calls[first.index]][first.kind].append(
            (first.before.fingerprint, first.index, first.after.fingerprint)
        )
    classes = {}
    for name, by_kind in left.items():
        alike: dict[tuple[tuple[int, int, int], ...], list[Kind]] = defaultdict(list)
        for kind, states in by_kind.items():
            alike[tuple(states)].append(kind)
        classes[name] = [tuple(kinds) for kinds in alike.values()]
    return classes


def _whole_minute(time: datetime) -> datetime:
    """The first from then on. If all work begins at these, more runs come to the same state."""
    return time + (datetime.min.replace(tzinfo=time.tzinfo) - time) % timedelta(minutes=1)


def _first_due(standing: Standing) -> datetime:
    messages = [message.visible_at for line in standing.waiting.values() for message in line]
    return _whole_minute(min((standing.next_schedule, *standing.repeats, *messages)))


def _items(rows: Mapping[str, Any]) -> Iterator[Any]:
    """Moto keeps them by hash key, and then by range key."""
    return (item for by_range in rows.values() for item in by_range.values())


def _told(messages: Mapping[str, Sequence[Message]]) -> dict[str, list[tuple[str, str, int]]]:
    return {
        name: sorted((each.body, _whole_minute(each.visible_at).isoformat(), each.received) for each in line)
        for name, line in messages.items()
    }

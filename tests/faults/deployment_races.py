"""100 DELETEs and 20 PUTs at once, and then their messages in many runs at once: one effect each, nothing foreign."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import control_api
import spending_requested

from tests import builders
from tests.faults import money_paths, stories
from tests.faults.bench import Bench, Checkpoint, bench
from tests.faults.money_paths import HAIKU, HOURS, NAME, PATH
from tests.faults.taking_turns import at_once
from tests.integration.bedrock_world import foreign
from tests.proofs import Proof

DELETES, PUTS, VISITS = 100, 20, 8
SEEDS = range(5)
FOREIGN = "made-by-hand"
BASE = "anthropic.claude-3-haiku-20240307-v1:0:200k"
"""What the foreign throughput serves: beside one on the custom model itself, nothing would be bought."""
CREATE = "CreateProvisionedModelThroughput"


@dataclass(frozen=True, slots=True)
class Race:
    """Requests that are sent at once, how often Bedrock may be asked to sell, and how many releases may be told."""

    name: str
    start: Callable[[Bench], None]
    requests: Callable[[list[str]], list[dict[str, Any]]]
    creations: range
    releases: range


def _delete() -> dict[str, Any]:
    return builders.api_request("DELETE", PATH)


def _put(key: str, **body: Any) -> dict[str, Any]:
    return builders.api_request("PUT", PATH, body=body, headers={"Idempotency-Key": key})


def _trained(made: Bench) -> None:
    money_paths.trained(HAIKU)(made, made.delivery)


def _ready(made: Bench) -> None:
    money_paths.ready(HAIKU)(made, made.delivery)


def _puts(trained: list[str]) -> list[dict[str, Any]]:
    return [_put(f"put-{number}", job_id=trained[0], hours=HOURS) for number in range(PUTS)]


def _deletes(_: list[str]) -> list[dict[str, Any]]:
    return [_delete() for _ in range(DELETES)]


def _ends(trained: list[str]) -> list[dict[str, Any]]:
    return [_put(f"put-{number}", job_id=trained[0], hours=HOURS + number % 3) for number in range(PUTS)]


RACES = (
    Race(f"{PUTS} PUTs that create", _trained, _puts, range(1, 2), range(1)),
    Race(f"{PUTS} PUTs with three ends", _ready, _ends, range(1), range(1)),
    Race(f"{DELETES} DELETEs", _ready, _deletes, range(1), range(1, 2)),
    Race(
        f"{DELETES} DELETEs and {PUTS} PUTs",
        _ready,
        lambda trained: [*_deletes(trained), *_puts(trained)],
        range(2),
        range(1, 3),
    ),
)


class Run:
    """One race by one seed, beside a throughput that a person made."""

    def __init__(self, made: Bench, start: Checkpoint, race: Race, seed: int) -> None:
        self.made, self.race, self.seed = made, race, seed
        self.delivery = made.begin(start)
        self.sent_before = made.world.door.calls(CREATE)

    def objections(self) -> Iterator[str]:
        """What is against it."""
        requests = [partial(_answered, each) for each in self.race.requests(money_paths.jobs(self.made))]
        answers = Counter(at_once(requests, self.seed))
        if unasked := {status for status in answers if status >= 500 and status != 503}:
            yield f"answered {unasked}"
        self._deliver_at_once()
        stories.quiet(self.delivery)
        self.delivery.pass_time(1)
        yield from self._effects()

    def _deliver_at_once(self) -> None:
        """SQS delivers at least once: each message goes to several runs of the function at the same time."""
        line = self.delivery.lines["SpendQueue"]
        bodies = sorted({message.body for message in line.messages})
        visits = [partial(_advanced, body) for body in bodies for _ in range(VISITS)]
        at_once(visits, self.seed)

    def _effects(self) -> Iterator[str]:
        world = self.made.world
        sent = world.door.calls(CREATE) - self.sent_before
        if sent not in self.race.creations:
            yield f"Bedrock was asked {sent} times to sell"
        released = stories.told(self.delivery)["DeploymentReleased"]
        if released not in self.race.releases:
            yield f"{released} releases were told"
        ours = [entry for entry in world.live() if entry.name != FOREIGN]
        head = world.deployment(NAME)
        if len(ours) != (head.state == "Ready"):
            yield f"{len(ours)} live, and the deployment is {head.state}"
        if world.units()[0] != len(ours):
            yield f"{world.units()} model units are held for {len(ours)}"
        if not any(entry.name == FOREIGN for entry in world.live()):
            yield "foreign capacity was deleted"


def _answered(request: dict[str, Any]) -> int:
    context: Any = builders.LambdaContext()
    return builders.api_answer(control_api.handler(request, context))[0]


def _advanced(body: str) -> object:
    context: Any = builders.LambdaContext()
    return spending_requested.handler(builders.sqs_event(json.loads(body), queue="SpendQueue"), context)


def raced(races: Sequence[Race] = RACES, seeds: Sequence[int] = SEEDS) -> list[str]:
    """Every race by every seed; what is against them."""
    found: list[str] = []
    with bench() as made:
        empty = made.checkpoint()
        for race in races:
            made.begin(empty)
            race.start(made)
            foreign(BASE, FOREIGN)
            start = made.checkpoint()
            for seed in seeds:
                run = Run(made, start, race, seed)
                found += [f"{race.name}, seed {seed}: {each}" for each in run.objections()]
    return found


def prove() -> Proof:
    """All races."""
    found = raced()
    return Proof(
        f"{len(RACES)} races ({', '.join(race.name for race in RACES)}) by {len(SEEDS)} seeds, each message then "
        f"delivered to {VISITS} runs at once: {len(found)} differ from one effect each",
        found,
    )

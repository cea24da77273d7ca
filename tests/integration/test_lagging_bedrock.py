"""Seeded stories: crashes, rivals, lost answers, while lists and tags lag and Bedrock forgets every token and name."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
from bedrock_simulator import Configuration, Quotas
from botocore.exceptions import ClientError
from tunedrop.edges import clients
from tunedrop.errors import Unavailable

from tests.faults.injector import WHEN
from tests.integration import bedrock_world
from tests.integration.bedrock_world import Crash, World, crash, refusal

BUY = {"schema": 1, "kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
LAGS = (0, 5, 60, 110, 200)
SEEDS = (0, 1, 2, 3, 29, 44, 51, 135)
"""Of 150 that were tried; the last four once bought twice, or gave up what was theirs."""
ROUNDS = 8
"""Of ten minutes: the long settle, a second send, and the hour until it can be called."""


@dataclass
class Lag:
    """How long after its creation Bedrock lists a throughput, and lets its tags be seen and its role touch it."""

    world: World
    listed: float = 0
    tagged: float = 0
    made_at: dict[str, datetime] = field(default_factory=dict)
    sends: int = 0

    def attach(self) -> None:
        """Put it between the clients and the simulated Bedrock."""
        reading, spending = clients.bedrock().meta.events, clients.spender().meta.events
        reading.register("after-call.bedrock.ListProvisionedModelThroughputs", self._hide)
        reading.register("before-call.bedrock.GetProvisionedModelThroughput", self._deny)
        reading.register("after-call.bedrock.GetProvisionedModelThroughput", self._rename)
        reading.register("before-call.bedrock.ListTagsForResource", self._untag)
        spending.register("before-parameter-build.bedrock.CreateProvisionedModelThroughput", self._forget)
        spending.register("before-call.bedrock.DeleteProvisionedModelThroughput", self._deny)

    def _forget(self, params: Any, **_: Any) -> None:
        """Every request is new to Bedrock: neither its token nor its name keeps it from selling again."""
        self.sends += 1
        params["clientRequestToken"] += f"-{self.sends}"
        params["provisionedModelName"] += f"-{self.sends}"

    def _rename(self, parsed: Any, **_: Any) -> None:
        if "provisionedModelName" in parsed:
            parsed["provisionedModelName"] = parsed["provisionedModelName"].rsplit("-", 1)[0]

    def _age(self, arn: str) -> float:
        return (self.world.clock.time - self.made_at.setdefault(arn, self.world.clock.time)).total_seconds()

    def note(self) -> None:
        """Remember when each was first there."""
        for entry in self.world.live():
            self._age(entry.resource_arn)

    def _hide(self, parsed: Any, **_: Any) -> None:
        self.note()
        key = "provisionedModelSummaries"
        parsed[key] = [made for made in parsed[key] if self._age(made["provisionedModelArn"]) >= self.listed]
        for made in parsed[key]:
            self._rename(made)

    def _untagged(self, params: Any) -> bool:
        asked = unquote(str(params.get("url", "")) + str(params.get("body", "")))
        return any(arn in asked and self._age(arn) < self.tagged for arn in list(self.made_at))

    def _deny(self, params: Any, **_: Any) -> Any:
        self.note()
        return refusal("AccessDeniedException", 403) if self._untagged(params) else None

    def _untag(self, params: Any, **_: Any) -> Any:
        return (refusal("", 200)[0], {"tags": []}) if self._untagged(params) else None


@pytest.mark.thorough
def test_whatever_happens_in_whatever_order_at_most_one_is_bought_and_nothing_is_forgotten(stack, environment):
    world = bedrock_world.make(stack, environment, configuration=Configuration(quotas=Quotas(model_units=50)))
    world.trained()
    start = world.checkpoint()
    lag = Lag(world)
    lag.attach()
    for seed in SEEDS:
        world.restore(start)
        lag.made_at.clear()
        _tell(world, lag, random.Random(seed))


def _tell(world: World, lag: Lag, chance: random.Random) -> None:
    lag.listed, lag.tagged = chance.choice(LAGS), chance.choice(LAGS)
    released = False
    for _ in range(14):
        with suppress(Crash, Unavailable, ClientError):
            released |= _happen(world, chance, released)
        world.clock.advance(chance.choice((0, 1, 5, 30)))
        lag.note()
        assert len(world.live()) <= 1
    for _ in range(ROUNDS):
        world.wait(600)
    _at_rest(world, released)


def _happen(world: World, chance: random.Random, released: bool) -> bool:
    """One thing; whether it asked for the release."""
    nth, when = chance.randrange(14), chance.choice(WHEN)
    match chance.choices(("crash", "rival", "release", "lose", "wait"), (35, 15, 8, 8, 34))[0]:
        case "crash":
            with world.interrupted(crash, nth, when):
                world.spend(BUY)
        case "rival":
            with world.interrupted(lambda: world.spend(BUY), nth, when):
                world.spend(BUY)
        case "release" if not released:
            world.release("support-prod")
            return True
        case "lose":
            world.lose_answer("CreateProvisionedModelThroughput")
        case _:
            world.wait(chance.choice((1, 20, 61, 125, 300)))
    return False


def _at_rest(world: World, released: bool) -> None:
    purchase = world.purchase()
    assert len(world.bought()) <= 1
    if released:
        assert purchase.state == "released"
        assert world.live() == []
        assert world.units() == (0, frozenset())
        assert world.open_work() == []
    else:
        assert (purchase.state, len(world.live())) == ("live", 1)
        assert purchase.ready_at

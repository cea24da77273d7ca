"""Walks at random through everything that spends, under a budget, across a month's end, with crashes and lost answers.

Bedrock's ledger judges, by the month: what was bought at the stack's price an hour, and what was trained by its tokens.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from bedrock_simulator import Configuration, LedgerEntry, Quotas
from tunedrop.domain.charges import periods
from tunedrop.domain.charges.periods import Period
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.errors import TunedropError

from tests.conftest import scrub
from tests.faults.taking_turns import at_once
from tests.hostile.world import quiet
from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, TRAINED, Crash, World, crash
from tests.integration.caller import call
from tests.integration.conftest import deployed, in_moto
from tests.proofs import Proof

BEGINS = datetime(2026, 11, 27, 6, tzinfo=UTC)
BUDGET = Decimal(900)
UNIT_HOUR, THOUSAND_TOKENS = Decimal(44), Decimal(5)
PRICES = {
    "claude-3-haiku.model_unit_hour": float(UNIT_HOUR),
    "claude-3-haiku.training_per_1000_tokens": float(THOUSAND_TOKENS),
}
NAMES = ("one", "two", "three")
STEPS, WALKS, AT_ONCE = 40, 30, 20
MOST_CALLS = 30
"""A crash strikes before one of so many calls; some requests make fewer, and are not struck."""
LONGEST = timedelta(days=9)
"""Until everything has ended: a week, the longest that is bought at once, and what is late."""
MONTHS = 4


@dataclass(slots=True)
class Walk:
    """One walk, and what became of its requests."""

    world: World
    chance: random.Random
    models: list[str]
    outcomes: Counter[str] = field(default_factory=Counter)

    def run(self, steps: int) -> None:
        """Take the steps, then wait until nothing bills any more."""
        kinds = (self._start, self._put, self._put, self._renew, self._release, self._wait, self._wait, self._sleep)
        for _ in range(steps):
            self._step(self.chance.choice(kinds))
        ends = self.world.clock.now() + LONGEST
        while self.world.clock.now() < ends and (self.world.live() or self.world.open_work()):
            self.world.wait(2 * HOUR)

    def spent(self) -> Iterator[tuple[str, Decimal]]:
        """By month, what Bedrock bills."""
        month = periods.month(BEGINS)
        for _ in range(MONTHS):
            yield (
                f"{month.since:%Y-%m}",
                sum((self._cost(each, month) for each in self.world.simulator.ledger()), Decimal(0)),
            )
            month = periods.month_after(month)

    def _cost(self, entry: LedgerEntry, month: Period) -> Decimal:
        ended = entry.ended_at or self.world.clock.now()
        if entry.kind == "provisioned_throughput":
            return month.hours(entry.started_at, ended) * entry.units * UNIT_HOUR
        trains = entry.kind == "customization_job" and month.has(ended)
        return Decimal(entry.trained_tokens) / 1000 * THOUSAND_TOKENS if trains else Decimal(0)

    def _step(self, act: Callable[[], None]) -> None:
        fault = self.chance.choice(("none", "none", "crash", "lost"))
        if fault == "lost":
            self.world.lose_answer("CreateProvisionedModelThroughput")
        try:
            if fault == "crash":
                with self.world.interrupted(crash, self.chance.randrange(MOST_CALLS), "after"):
                    act()
            else:
                act()
        except Crash:
            self.outcomes["crashed"] += 1
        except TunedropError as refusal:
            self.outcomes[refusal.code] += 1

    def _start(self) -> None:
        wish = DeploymentRequest(self.chance.choice(NAMES), hours=self.chance.randint(1, 12))
        self.world.start(deployment=self.chance.choice((None, wish)))
        self.outcomes["started"] += 1

    def _put(self) -> None:
        body = {"job_id": self.chance.choice(self.models), "hours": self.chance.choice((1, 2, 4, 8, 12, 24))}
        self._ask("PUT", self.chance.choice(NAMES), body)

    def _renew(self) -> None:
        self._ask("PUT", self.chance.choice(NAMES), {"hours": self.chance.choice((1, 2, 4, 8, 16))})

    def _release(self) -> None:
        self._ask("DELETE", self.chance.choice(NAMES))

    def _ask(self, method: str, name: str, body: Any = None) -> None:
        key = self.world.new_id() if body else None
        status, answer = call(method, f"/deployments/{name}", body, key=key, cloud=self.world.cloud)
        self.outcomes["done" if status < 300 else answer["error"]["code"]] += 1

    def _wait(self) -> None:
        self.world.wait(self.chance.choice((60, 300, 1800, HOUR, 4 * HOUR)))

    def _sleep(self) -> None:
        """Nothing of the stack works for hours, but for the schedules."""
        for _ in range(self.chance.randint(1, 24)):
            self.world.clock.advance(HOUR / 4)
            self.world.fire_schedules()


@contextmanager
def stage(budget: Decimal | None = BUDGET) -> Iterator[tuple[World, list[str]]]:
    """A stack under a budget, with custom models to serve."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        with in_moto():
            account = Configuration(quotas=Quotas(model_units=AT_ONCE))
            world = bedrock_world.make(deployed(environment), environment, configuration=account)
            world.clock.time = BEGINS
            models = []
            for _ in NAMES:
                models.append(world.start().id)
                world.deliver()
                world.wait(TRAINED)
            world.settings = replace(
                world.settings, prices=PRICES, monthly_budget=budget, max_model_units=AT_ONCE, max_concurrent_jobs=4
            )
            yield world, models


def walks(seeds: range, budget: Decimal | None = BUDGET, steps: int = STEPS) -> tuple[list[str], Counter[str], Decimal]:
    """What broke the budget, what became of all requests, and the most that a month has cost."""
    broken: list[str] = []
    outcomes: Counter[str] = Counter()
    most = Decimal(0)
    with stage(budget) as (world, models):
        begin = world.checkpoint()
        for seed in seeds:
            world.restore(begin)
            walk = Walk(world, random.Random(seed), models)
            walk.run(steps)
            outcomes += walk.outcomes
            for month, spent in walk.spent():
                most = max(most, spent)
                if spent > BUDGET:
                    broken.append(f"seed {seed}: {spent:.2f} in {month}, of {BUDGET}")
            if world.live():
                broken.append(f"seed {seed}: {len(world.live())} still bill")
    return broken, outcomes, most


def race(seed: int) -> tuple[Decimal, Counter[str]]:
    """Twenty requests at once: what Bedrock bills in the end, and what became of them."""
    with stage() as (world, models):
        walk = Walk(world, random.Random(seed), models)

        def ask(number: int) -> None:
            walk._ask("PUT", f"support-{number}", {"job_id": models[number % len(models)], "hours": 5})

        at_once([partial(ask, number) for number in range(AT_ONCE)], seed)
        walk.run(0)
        return max(spent for _, spent in walk.spent()), walk.outcomes


def prove() -> Proof:
    """B-budget: no month costs more than its budget, whatever comes between and at once."""
    broken, outcomes, most = walks(range(WALKS))
    spent, raced = race(0)
    if spent > BUDGET or raced["done"] == 0 or raced["monthly_budget"] == 0:
        broken.append(f"of {AT_ONCE} at once: {spent:.2f} of {BUDGET}; {dict(raced)}")
    told = ", ".join(f"{name} {number}" for name, number in outcomes.most_common())
    figures = (
        f"{WALKS} walks of {STEPS} steps across a month's end ({told}): over budget {len(broken)}, the most in a month "
        f"{most:.2f} of {BUDGET}; of {AT_ONCE} at once {raced['done']} bought for {spent:.2f}, "
        f"{raced['monthly_budget']} refused"
    )
    return Proof(figures, broken)

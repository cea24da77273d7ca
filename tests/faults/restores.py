"""Tables restored to a time before a purchase, and functions that die at each call afterwards, judged by the ledger."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.domain.serving.purchase_states import RELEASE_TIME
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients

from tests.conftest import scrub
from tests.hostile.world import quiet
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, Crash, World, crash, deaths
from tests.integration.conftest import deployed, in_moto
from tests.proofs import Proof

SCHEDULE = 300.0
"""Seconds between two runs of reconcile."""
MOMENTS = ("before the job", "before the job was sent", "while the job ran", "before the purchase")
WHILE_BOUGHT = "while it was bought"
RENEWED = 30.0
"""Hours after which the restore comes where the purchase was renewed meanwhile."""


@dataclass(slots=True)
class Outcome:
    """What became of the capacity, with a death at each call of the first look after the restore."""

    moment: str
    hours: float
    """Between the purchase and the restore."""
    deaths: int = 0
    latest: timedelta = timedelta()
    """After its end, until it was deleted."""
    objections: list[str] = field(default_factory=list)


def restored(world: World, moment: str, wish: str | DeploymentRequest = "support-prod") -> dict[str, Any]:
    """A deployment that can be called, and rows of a time before that; returns backups by their moments."""
    backups = {"before the job": world.kept_rows()}
    job = world.start(deployment=wish)
    backups["before the job was sent"] = world.kept_rows()
    world.deliver()
    backups["while the job ran"] = world.kept_rows()
    world.clock.advance(TRAINED)
    world.simulator.run_due()
    world.follow({"schema": 1, "kind": "check_job", "job_id": job.id})
    world.events.clear()
    assert world.purchase().state == "requested"
    backups["before the purchase"] = world.kept_rows()
    world.wait(0)
    backups[WHILE_BOUGHT] = world.kept_rows()
    world.wait(BOUGHT)
    assert world.deployment().state == "Ready"
    world.told()
    backups["now"] = world.kept_rows()
    world.put_back_rows(backups[moment])
    return backups


def renewed(world: World, ends_at: datetime) -> None:
    """The one schedule, as a renewal moves it."""
    (schedule,) = world.kept_schedules().values()
    schedule.schedule_expression = f"at({ends_at + RELEASE_TIME:%Y-%m-%dT%H:%M:%S})"


@contextmanager
def _world() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        with in_moto():
            configuration = Configuration(quotas=Quotas(model_units=3))
            yield bedrock_world.make(deployed(environment), environment, configuration=configuration)


def outcome(moment: str, hours: float, every: int = 1) -> Outcome:
    """One moment, with a death after each call, or each of so many, of the first look after the restore."""
    found = Outcome(moment, hours)
    with _world() as world:
        restored(world, moment)
        (bought,) = world.live()
        ends_at = world.schedules()[bought.name] - RELEASE_TIME
        if hours:
            ends_at = world.clock.now() + timedelta(hours=hours + 10)
            renewed(world, ends_at)
            world.clock.advance(hours * HOUR)
            world.simulator.run_due()
        shown = clients.bedrock().get_provisioned_model_throughput(provisionedModelId=bought.resource_arn)
        others = bedrock_world.foreign(shown["modelArn"])
        calls = world.calls_of(lambda: world.wait(0))
        checkpoint = world.checkpoint()
        for nth, _ in itertools.islice(deaths(calls), 0, None, every):
            world.restore(checkpoint)
            with world.interrupted(crash, nth, "after"), suppress(Crash):
                world.wait(0)
            _judge(world, ends_at, others, found, f"{moment}, {hours:g} h later, death after call {nth}")
    return found


def _judge(world: World, ends_at: datetime, others: str, found: Outcome, case: str) -> None:
    found.deaths += 1
    for _ in range(3):
        world.wait(SCHEDULE)
    owned = world.deployment()
    world.wait((ends_at - world.clock.now()).total_seconds())
    for _ in range(2):
        world.wait(SCHEDULE)
    ours = [entry for entry in world.bought() if entry.resource_arn != others]
    late = max((entry.ended_at or world.clock.now()) - ends_at for entry in ours)
    found.latest = max(found.latest, late)
    wrong = {
        f"{owned.state} until {owned.expires_at}": (owned.state, owned.expires_at) != ("Ready", ends_at),
        f"bought {len(ours)} times": len(ours) != 1,
        f"ended {late} late": late > timedelta(seconds=SCHEDULE),
        "foreign capacity was touched, or ours lives on": [each.resource_arn for each in world.live()] != [others],
        f"units are held by {world.units()[1]}": world.units() != (0, frozenset()),
    }
    found.objections += [f"{case}: {words}" for words, holds in wrong.items() if holds]


def prove() -> Proof:
    """All moments, at once and a day after the purchase, with a death after each call."""
    found = [outcome(moment, hours) for moment in MOMENTS for hours in (0, RENEWED)]
    deaths, latest = sum(each.deaths for each in found), max(each.latest for each in found)
    objections = [words for each in found for words in each.objections]
    return Proof(
        f"tables restored to {len(MOMENTS)} moments before a purchase, {deaths} deaths at calls afterwards: "
        f"{len(objections)} doubled, late, lost or foreign; given back at most {latest} after its end",
        objections,
        [f"{each.moment}, {each.hours:g} h later: {each.deaths} deaths, {each.latest}" for each in found],
    )

"""One deployed stack in moto beside a simulated Bedrock, put back as it was before each run; time is virtual."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from bedrock_simulator.configuration import Durations
from moto.backends import get_backend
from tunedrop.edges import clock_and_ids

from tests.conftest import scrub
from tests.faults.delivery import ArrivalDelays, Delivery, Standing, at_once
from tests.faults.injector import Interference, Watch
from tests.hostile.world import quiet
from tests.integration import bedrock_world
from tests.integration.bedrock_world import World
from tests.integration.conftest import ACCOUNT, deployed, in_moto
from tests.integration.faster_moto import forget_rows, same_rows
from tests.integration.uploads_world import EARLIER, Uploader

TABLES = ("StateTable", "AccessTable")
# Some minutes each: the same states and events as on AWS, with fewer runs of reconcile between them.
QUICK = Durations(validation=60, data_processing=60, training=600, stopping=60, throughput_creation=360)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All state of tables, bucket, queues, schedules and Bedrock."""

    bedrock: bytes
    rows: dict[str, Any]
    objects: dict[str, list[Any]]
    schedules: dict[str, Any]
    time: datetime
    ids: int
    standing: Standing


@dataclass(slots=True)
class Bench:
    """The stack, and the delivery that works on it now."""

    world: World
    delivery: Delivery

    def begin(
        self,
        checkpoint: Checkpoint,
        plan: Mapping[int, Interference] | None = None,
        arrivals: ArrivalDelays = at_once,
    ) -> Delivery:
        """Put everything back; a new delivery, in whose calls the plan interferes."""
        world, rows = self.world, self._tables()
        forget_rows()
        world.simulator.restore(checkpoint.bedrock)
        for name, items in checkpoint.rows.items():
            rows[name].items = same_rows(items)
        kept = self._objects()
        dict.clear(kept)
        for key, versions in checkpoint.objects.items():
            dict.__setitem__(kept, key, list(versions))
        world.put_back_schedules(checkpoint.schedules)
        world.clock.time, world.ids = checkpoint.time, checkpoint.ids
        world.events.clear()
        self.delivery = Delivery(world, Watch(plan or {}), arrivals)
        self.delivery.go_on(checkpoint.standing)
        return self.delivery

    def checkpoint(self) -> Checkpoint:
        """Everything as it stands."""
        world, delivery = self.world, self.delivery
        rows = {name: same_rows(table.items) for name, table in self._tables().items()}
        objects = {key: list(versions) for key, versions in self._objects()._iterlists()}
        return Checkpoint(
            world.simulator.snapshot(),
            rows,
            objects,
            copy.deepcopy(world.kept_schedules()),
            delivery.now,
            world.ids,
            delivery.standing(),
        )

    def sleep(self, seconds: float) -> None:
        """Wait in a function, in virtual time."""
        self.delivery.sleep(seconds)

    def put(self, key: str, body: bytes | str) -> None:
        """A person uploads; S3 tells of it by EventBridge, at once."""
        clock = self.world.clock
        clock.advance(1)  # S3's own times are whole seconds, and order the uploads
        at = (clock.time.replace(tzinfo=None) - EARLIER).total_seconds()
        event = Uploader(self.world.stack).put(key, body, at=round(at))
        self.delivery.send("UploadQueue", json.dumps(event))

    def versions(self, prefix: str) -> dict[str, list[str]]:
        """By key, the ETags of all that was ever written there, in order."""
        kept = self._objects()._iterlists()
        return {key: [each.etag for each in written] for key, written in kept if key.startswith(prefix)}

    def rows(self, table: str) -> list[Any]:
        """Every row of a table."""
        return [
            row
            for page in self.world.stack.dynamodb.get_paginator("scan").paginate(TableName=table)
            for row in page["Items"]
        ]

    def _tables(self) -> dict[str, Any]:
        tables = get_backend("dynamodb")[ACCOUNT]["us-west-2"].tables
        return {name: tables[name] for name in TABLES}

    def _objects(self) -> Any:
        return get_backend("s3")[ACCOUNT]["aws"].buckets[self.world.stack.bucket].keys


USUAL = Configuration(durations=QUICK, quotas=Quotas(model_units=2))


@contextmanager
def bench(configuration: Configuration = USUAL, variables: Mapping[str, str] | None = None) -> Iterator[Bench]:
    """Such a stack, empty, its functions with these variables, too; their clock, ids and waits are the bench's."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        for name, value in (variables or {}).items():
            environment.setenv(name, value)
        with in_moto():
            world = bedrock_world.make(deployed(environment), environment, data=False, configuration=configuration)
            made = Bench(world, Delivery(world))
            # Handlers make their own Cloud, and botocore sleeps by itself: there is no argument to pass these by.
            environment.setattr(clock_and_ids, "now", world.clock.now)
            environment.setattr(clock_and_ids, "new_id", world.new_id)
            environment.setattr(time, "sleep", made.sleep)
            yield made

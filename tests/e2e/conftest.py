"""One embedded cloud for all journeys, with the real template deployed in both Regions."""

from __future__ import annotations

from pathlib import Path

import pytest
from tunedrop_local import client

from tests.e2e.traveller import Traveller

ROOT = Path(__file__).parents[2]
TIME_SCALE = 3600
"""Three hours of training pass in three seconds."""
WEST = {"MaxModelUnits": "2", "AllowJobsOnAccept": "true", "ReserveConcurrency": "true"}


@pytest.fixture(scope="package")
def world(tmp_path_factory):
    """The cloud of the journeys; stopped after the last of them: hours that pass in seconds keep a core busy."""
    with client.start(ROOT, tmp_path_factory.mktemp("journeys"), time_scale=TIME_SCALE) as cloud:
        yield cloud


@pytest.fixture(scope="package")
def west(world):
    """A stack in us-west-2 that may hold two model units, whose datasets may start jobs, and whose brakes have room."""
    return Traveller.of(world.deploy("tunedrop", region="us-west-2", parameters=WEST))


@pytest.fixture(scope="package")
def east(world):
    """A stack in us-east-1 with every parameter at its default: it never buys model units."""
    return Traveller.of(world.deploy("tunedrop", region="us-east-1"))

"""The program set up in this process, for any number of runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.conftest import scrub
from tests.faults.stateful.program import CAP, FORGETFUL, PRICES, Program
from tests.hostile.world import quiet
from tests.iam.recorder import RECORDER
from tests.integration import bedrock_world
from tests.integration.conftest import deployed, in_moto


@contextmanager
def running() -> Iterator[Program]:
    """One program for any number of runs; `reset` comes before each."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        environment.setattr(RECORDER, "is_deaf", True)
        # botocore sleeps by itself between attempts: there is no argument to pass that by.
        environment.setattr(time, "sleep", lambda _: None)
        with in_moto():
            stack = deployed(environment)
            world = bedrock_world.make(stack, environment, data=False, configuration=FORGETFUL)
            caps = {"max_model_units": CAP, "max_concurrent_jobs": 1, "allow_jobs_on_accept": True}
            world.settings = replace(world.settings, prices=PRICES, **caps)  # type: ignore[arg-type]
            yield Program(world)

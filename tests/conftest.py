"""Every test: no credentials but fake ones, no variable of the person's own AWS set-up, nothing cached from before."""

from __future__ import annotations

import functools
import gc
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples
from tunedrop.actions.messages import admit_call, find_target, record_call, settle_call
from tunedrop.edges import clients, observability, settings
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]

# A busy machine is no defect.
examples.register_profile("tunedrop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("tunedrop")

BEFORE_GARBAGE = 100_000
"""Objects that a test may make before Python looks for garbage among them."""

_CLIENTS = [maker for maker in vars(clients).values() if hasattr(maker, "cache_clear")]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests of the embedded cloud often wait."""
    return (os.cpu_count() or 1) + 1


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Tests of one file stay together, and so do all that share the embedded cloud: its stacks are deployed once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/e2e" if _shares_the_cloud(file) else str(file)


@functools.cache
def _shares_the_cloud(file: str) -> bool:
    if not file.startswith("tests/e2e/"):
        return False
    text = (ROOT / file).read_text("utf-8")
    return re.search(r"\((?:.*\W)?(?:east|west|world)\b", text) is not None and "client.start(" not in text


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How xdist hands tests out."""
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Garbage is looked for rarely, and never in what was collected: it took a third of the time of moto's tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(BEFORE_GARBAGE)
        gc.enable()


def forget_clients() -> None:
    """The next test makes its own clients, reads its own settings and prints no metrics but its own."""
    for client in _CLIENTS:
        client.cache_clear()
    settings.settings.cache_clear()
    for remembers in (record_call.known, find_target.known, admit_call.recent, settle_call.owed):
        remembers.cache_clear()
    observability.metrics.clear_metrics()  # a full hundred of any is printed, into whatever a test reads just then


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """A scrubbed environment with credentials that work nowhere."""
    scrub(monkeypatch)
    forget_clients()
    yield monkeypatch
    forget_clients()


def scrub(environment: pytest.MonkeyPatch) -> None:
    """Take out what the person has set, and put in credentials that work nowhere."""
    for name in list(os.environ):  # noqa: TID251 - what the person has set must not reach the tests
        if name.startswith(("AWS_", "TUNEDROP_", "POWERTOOLS_")):
            environment.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "POWERTOOLS_METRICS_DISABLED": "true",
    }.items():
        environment.setenv(name, value)

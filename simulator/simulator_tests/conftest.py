"""Fixtures of the simulator's tests: credentials that work nowhere, and no way off this machine."""

from __future__ import annotations

import os

import pytest
import pytest_socket
from bedrock_simulator import Configuration
from hypothesis import settings as examples
from simulator_tests.laboratory import Lab, nova_line

examples.register_profile("simulator", deadline=None)  # a busy machine is no defect
examples.load_profile("simulator")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """Nothing of the person's own AWS set-up, and no host but this one."""
    for name in list(os.environ):  # noqa: TID251 - what the person has set must not reach the tests
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    yield
    pytest_socket._remove_restrictions()


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def new_lab():
    """Makes a laboratory with a configuration of its own."""
    return lambda **choices: Lab(Configuration(**choices))


@pytest.fixture
def nova(lab):
    """A tuned Nova Lite, in us-east-1: returns the ARN of the model."""
    lab.put("nova.jsonl", nova_line, 16)
    lab.nova_job = {
        "region": "us-east-1",
        "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
        "trainingDataConfig": {"s3Uri": "s3://data/nova.jsonl"},
    }
    return lab.train(**lab.nova_job)

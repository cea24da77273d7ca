"""Fixtures of the simulator's unit tests."""

from __future__ import annotations

import pytest
from bedrock_simulator import Configuration

from tests.unit.simulator.laboratory import Lab, nova_line


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

"""The control paths: who may ask, what is answered, what is refused."""

from __future__ import annotations

import json

import pytest
from tunedrop_local.control import Control

TOKEN = {b"x-tunedrop-token": b"secret"}


class World:
    """Remembers what was asked of it."""

    def __init__(self):
        self.on = None
        self.lifecycle = None
        self.knowledge = None

    def ledger(self):
        return [{"name": "a"}]

    def set_lifecycle(self, wish):
        self.lifecycle = wish["model_id"]

    def set_knowledge(self, wish):
        self.knowledge = wish["pairs"]

    def add_fault(self, wish):
        raise ValueError("no such kind")

    def clear_faults(self):
        return None

    def record_decisions(self, *, on):
        self.on = on

    def decisions(self):
        return []

    def save(self):
        return None


@pytest.fixture
def world():
    return World()


@pytest.fixture
def control(world):
    return Control(world, "secret", {"status": "ready"})


def test_health_is_for_everybody(control):
    assert control.answer("GET", "/_tunedrop/health", {}, b"") == (200, {"status": "ready"})


@pytest.mark.parametrize("headers", [{}, {b"x-tunedrop-token": b"guess"}])
def test_everything_else_wants_the_token(control, headers):
    assert control.answer("GET", "/_tunedrop/ledger", headers, b"")[0] == 403


def test_the_ledger_is_told(control):
    assert control.answer("GET", "/_tunedrop/ledger", TOKEN, b"") == (200, [{"name": "a"}])


def test_wishes_reach_the_world(control, world):
    control.answer("PUT", "/_tunedrop/iam-decisions", TOKEN, b'{"on": true}')
    control.answer("PUT", "/_tunedrop/lifecycle", TOKEN, json.dumps({"model_id": "m", "status": "LEGACY"}).encode())
    control.answer("PUT", "/_tunedrop/knowledge", TOKEN, b'{"pairs": [1]}')
    assert (world.on, world.lifecycle, world.knowledge) == (True, "m", [1])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_tunedrop/nothing", b"", 404),
        ("PUT", "/_tunedrop/lifecycle", b"{}", 400),
        ("PUT", "/_tunedrop/lifecycle", b"not json", 400),
        ("POST", "/_tunedrop/faults", b"{}", 400),
    ],
)
def test_nonsense_is_refused_with_words(control, method, path, body, status):
    found, answer = control.answer(method, path, TOKEN, body)
    assert found == status
    assert answer["error"]

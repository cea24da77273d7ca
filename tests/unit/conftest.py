"""Unit tests are pure: a socket is a failure."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_network(socket_disabled):
    """No test here reaches beyond its process."""

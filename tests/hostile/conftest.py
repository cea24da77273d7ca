"""One populated stack for the tests of a module; they put its rows back."""

from __future__ import annotations

import pytest

from tests.hostile.world import populated


@pytest.fixture(scope="module", autouse=True)
def environment():
    """In place of the scrubbed environment of other tests, which is scrubbed anew for each: that of the stack."""
    with populated() as stack:
        yield stack


@pytest.fixture
def hostile_stack(environment):
    """The stack as it was at first."""
    environment.restore()
    return environment

"""Tests wait in one place, so that a busy machine makes them slow and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import waiting

TESTS = Path(__file__).parents[1]
OTHER_PROGRAMS = (
    TESTS / "e2e" / "embedded_cloud" / "functions",
    TESTS / "fuzz",
    TESTS / "proofs.py",
    TESTS / "tracking.py",
)
CLOCKS = {"time.sleep", "time.monotonic", "time.perf_counter", "asyncio.sleep"}
NO_WAITS = {"account.world.wait", "program.wait", "world.wait", "on_demand.wait", "self.wait", "Configuration"}
"""The simulated clock of the integration tests, and a record of settings."""
PATHS = sorted(
    path
    for path in TESTS.rglob("*.py")
    if path != Path(waiting.__file__) and not any(path.is_relative_to(folder) for folder in OTHER_PROGRAMS)
)


def offences(tree):
    """Calls that look at a clock, and waits for a condition that give up after a figure of their own."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if name in CLOCKS:
            yield call.lineno, name
        ends = [keyword.value for keyword in call.keywords if keyword.arg == "timeout"]
        ends += call.args if name.endswith((".wait", ".result")) else []
        for end in ends if name not in NO_WAITS else ():
            if isinstance(end, ast.Constant) and isinstance(end.value, int | float):
                yield call.lineno, ast.unparse(call)


@pytest.mark.parametrize("source", ["time.sleep(1)", "done.wait(5)", "urlopen(url, timeout=10)", "sent.result(3)"])
def test_an_impatient_wait_is_found(source):
    assert list(offences(ast.parse(source)))


def test_no_test_waits_by_a_figure_of_its_own():
    found = [
        f"{path.relative_to(TESTS)}:{line}: {what}"
        for path in PATHS
        for line, what in offences(ast.parse(path.read_bytes()))
    ]
    assert found == [], "look with tests.waiting.eventually, and end with its PATIENCE"

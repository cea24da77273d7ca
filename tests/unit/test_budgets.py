"""Budgets of size: a handler is thin, a module holds one concept, a function fits a screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDLERS = sorted((ROOT / "functions").glob("*.py"))
MODULES = sorted(
    path
    for folder in ("functions", "cli", "simulator", "local", "demo", "examples", "bootstrap")
    for path in (ROOT / folder).rglob("*.py")
    if not {"__pycache__", "simulator_tests"} & set(path.parts)
)
HANDLER, MODULE, FUNCTION = 60, 300, 40  # lines


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def length(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


@pytest.mark.parametrize("path", HANDLERS, ids=named)
def test_a_handler_is_thin(path):
    assert length(path) <= HANDLER


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_holds_one_concept(path):
    assert length(path) <= MODULE


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_function_fits_a_screen(path):
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {node.name: lines for node in functions if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION}
    assert long == {}

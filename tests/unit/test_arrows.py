"""What import-linter can't see: handlers are modules of no package, and names are to mean one thing each."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
TUNEDROP = FUNCTIONS / "tunedrop"
HANDLERS = sorted(FUNCTIONS.glob("*.py"))
MODULES = sorted(path for path in TUNEDROP.rglob("*.py") if path.name != "__init__.py")


def named(path: Path) -> str:
    return path.relative_to(FUNCTIONS).as_posix()


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def shared(names: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    """Each name that stands in several places, with these."""
    places = defaultdict(list)
    for name, path in names:
        places[name].append(named(path))
    return {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("path", HANDLERS, ids=named)
def test_a_handler_imports_no_other_handler(path):
    assert imported(path).isdisjoint(other.stem for other in HANDLERS)


def test_a_module_name_means_one_thing():
    assert shared((path.stem, path) for path in MODULES) == {}


def test_a_module_is_at_most_three_levels_deep():
    assert [named(path) for path in MODULES if len(path.relative_to(TUNEDROP).parts) > 3] == []

"""The arrows that import-linter can't draw: handlers are modules of no package, and use cases are listed nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
TUNEDROP = FUNCTIONS / "tunedrop"
PURE = {
    "base_models", "checks", "data", "formats", "mending", "messages",
    "parquet", "reading", "reports", "serving", "training", "versions",
}  # fmt: skip
HANDLERS = sorted(FUNCTIONS.glob("*.py"))


def parts(path: Path) -> set[str]:
    """The parts of `tunedrop` that a module imports: packages and modules right under it."""
    return set(_parts(ast.parse(path.read_text("utf-8")))) - {"__version__"}


def _parts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("tunedrop."))
        elif isinstance(node, ast.ImportFrom) and node.module == "tunedrop":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tunedrop."):
            yield str(node.module).split(".")[1]


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (TUNEDROP / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(FUNCTIONS).as_posix()


@pytest.mark.parametrize("path", modules(*sorted(PURE)), ids=named)
def test_what_is_pure_imports_only_what_is_pure(path):
    assert parts(path) <= PURE | {"errors"}


@pytest.mark.parametrize("path", modules("edges"), ids=named)
def test_an_edge_imports_no_use_case(path):
    assert parts(path) <= PURE | {"errors", "edges"}


@pytest.mark.parametrize("path", HANDLERS, ids=named)
def test_a_handler_imports_no_other_handler(path):
    tree = ast.parse(path.read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported.isdisjoint(other.stem for other in HANDLERS)


def test_use_cases_do_not_know_that_http_exists():
    knowing = [named(path) for path in sorted(TUNEDROP.glob("*.py")) if "routes" in parts(path)]
    assert knowing == []

"""What import-linter can't see: handlers are modules of no package, and names are to mean one thing each."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

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


def types(path: Path) -> Iterator[str]:
    """Names of the module's classes, and of what it calls a type by a name of its own."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if re.fullmatch(r"([A-Z][a-z]+){1,}", name):
                yield name


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


def test_the_name_of_a_class_or_of_a_type_means_one_thing():
    assert shared((name, path) for path in MODULES for name in types(path)) == {}


def test_a_module_is_at_most_three_levels_deep():
    assert [named(path) for path in MODULES if len(path.relative_to(TUNEDROP).parts) > 3] == []


def test_only_modules_named_for_it_change_anything_in_bedrock():
    operations = Session().get_service_model("bedrock").operation_names
    changing = {xform_name(name) for name in operations if not name.startswith(("Get", "List"))}
    calling = {
        (node.func.attr, path.stem)
        for path in [*HANDLERS, *MODULES]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changing
    }
    assert calling == {
        ("create_custom_model_deployment", "buy_capacity"),
        ("create_provisioned_model_throughput", "buy_capacity"),
        ("delete_custom_model", "discard_model"),
        ("delete_custom_model_deployment", "buy_capacity"),
        ("delete_provisioned_model_throughput", "buy_capacity"),
        ("update_custom_model_deployment", "swap_model"),
        ("update_provisioned_model_throughput", "swap_model"),
        ("create_model_customization_job", "start_training"),
        ("stop_model_customization_job", "start_training"),
    }

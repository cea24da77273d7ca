"""The guard of the stack goes first when the stack is deleted; where it refuses, nothing else has gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

GUARD = "DeletionGuard"


def named(body: Any) -> Iterator[str]:
    """All that a part of a template names, and so has to outlive it."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            yield from READ.get(key, named)(value)
    elif isinstance(body, list):
        for each in body:
            yield from named(each)


def substituted(value: Any) -> Iterator[str]:
    """The names in the text of a Fn::Sub, and in its own variables."""
    text, *variables = [value] if isinstance(value, str) else value
    yield from re.findall(r"\$\{([^!}.]+)", text)
    yield from named(variables)


READ: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "Ref": lambda value: iter([value]),
    "Fn::GetAtt": lambda value: iter([value[0] if isinstance(value, list) else value.split(".")[0]]),
    "Fn::Sub": substituted,
    "DependsOn": lambda value: iter([value] if isinstance(value, str) else value),
}


def outliving(resources: Mapping[str, Any], name: str) -> set[str]:
    """All resources that are deleted after this one."""
    found: set[str] = set()
    new = {name}
    while new:
        new = {each for one in new for each in named(resources[one]) if each in resources} - found
        found |= new
    return found


def test_a_refused_deletion_leaves_the_stack_whole(translated):
    resources = translated["Resources"]
    assert sorted(set(resources) - outliving(resources, GUARD) - {GUARD}) == [], "add it to DeletionGuard's DependsOn"


def test_nothing_has_to_outlive_the_guard(translated):
    others = {name: body for name, body in translated["Resources"].items() if name != GUARD}
    assert GUARD not in set(named(others))


def test_each_thing_that_the_guard_waits_for_is_named_for_a_reason(translated):
    resources = translated["Resources"]
    guard = resources[GUARD]
    for name in guard["DependsOn"]:
        without = {**guard, "DependsOn": [each for each in guard["DependsOn"] if each != name]}
        assert name not in outliving({**resources, GUARD: without}, GUARD), name


def test_the_guard_is_the_only_one_of_its_kind_and_asked_for_longer_than_it_may_think(stack):
    (guard,) = (each for each in stack.resources.values() if each.type.startswith("Custom::"))
    function = stack.referred(guard["ServiceToken"])
    assert function.id == "DeletionGuardFunction"
    assert int(guard["ServiceTimeout"]) > function["Timeout"]

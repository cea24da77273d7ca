"""What a check is given, and what it says."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.template.stack import Resource, Stack

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with one resource."""

    resource: str
    words: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.words}"


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """The functions' sources, by path inside `functions/`."""

    texts: Mapping[str, str]

    def tree(self, path: str) -> ast.Module:
        """The syntax tree of one module, which is empty when the module is not there."""
        return _parsed(self.texts.get(path, ""))

    def strings(self) -> frozenset[str]:
        """Every string literal of every module."""
        return _strings(self)

    def words(self, path: str) -> frozenset[str]:
        """Every string literal of one module."""
        return _literals(self.texts[path])

    def number(self, path: str, name: str) -> float | None:
        """The number that a module assigns to a name at its top level."""
        for node in self.tree(path).body:
            if isinstance(node, ast.Assign) and [each.id for each in node.targets if isinstance(each, ast.Name)] == [
                name
            ]:
                return float(ast.literal_eval(node.value))
        return None


@dataclass(frozen=True, slots=True)
class Translated:
    """The template as CloudFormation gets it, with each set of parameters."""

    templates: tuple[Mapping[str, Any], ...]
    parameters: tuple[Mapping[str, str], ...]

    def apart(self) -> Iterator[Translated]:
        """The same, one set of parameters at a time."""
        for template, chosen in zip(self.templates, self.parameters, strict=True):
            yield Translated((template,), (chosen,))


Check = Callable[[Stack, Code], Iterable[Finding]]


@functools.cache
def written() -> Code:
    """The sources as they are."""
    folder = ROOT / "functions"
    return Code({path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.py")})


@functools.cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@functools.lru_cache(maxsize=4)
def _strings(code: Code) -> frozenset[str]:
    return frozenset().union(*(_literals(text) for text in code.texts.values()))


@functools.cache
def _literals(text: str) -> frozenset[str]:
    constants = (node.value for node in ast.walk(_parsed(text)) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


def under(value: Any, *keys: str, default: Any = None) -> Any:
    """The value at a path of keys, or `default` where the path ends early."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return default
        value = value[key]
    return value


def pointed(stack: Stack, reference: Any) -> Resource | None:
    """The resource behind `<Id>` or `<Id.Attribute>`; None when nothing of the stack is meant."""
    return stack.resources.get(str(reference).strip("<>").split(".")[0])


def handler_module(function: Resource) -> str:
    """The path of a function's handler inside `functions/`."""
    return f"{str(function.properties.get('Handler', '')).split('.')[0]}.py"


def returns(code: Code, path: str, name: str) -> Iterator[ast.Return]:
    """The return statements of one top-level function of a module."""
    for node in code.tree(path).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            yield from (each for each in ast.walk(node) if isinstance(each, ast.Return))

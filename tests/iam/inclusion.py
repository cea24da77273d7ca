"""Policy inclusion, proved by Z3 for each action: whatever one list of statements allows, another allows too.

Runs in the gates' environment, which alone has Z3: it reads questions as JSON from its input and prints answers.
The method is that of AWS's Zelkova (doi 10.23919/FMCAD.2018.8602994): actions are literal, resources and values of
condition keys are strings, wildcards are regular expressions.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import z3

Statement = Mapping[str, Any]
"""`actions`, `resources`, `conditions` and `principals`, as lists; an Allow."""
MILLISECONDS = 20_000


def main() -> None:
    """Answer each question `{"name", "left", "right"}`: what left allows and right does not."""
    answers = []
    for question in json.load(sys.stdin):
        left, right = question["left"], question["right"]
        for action in sorted({action for statement in left for action in statement["actions"]}):
            verdict = _beyond([_of(action, left), _of(action, right)])
            answers.append({"name": question["name"], "action": action, **verdict})
    json.dump(answers, sys.stdout)


def _of(action: str, statements: list[Statement]) -> list[Statement]:
    return [each for each in statements if any(fnmatch.fnmatchcase(action, every) for every in each["actions"])]


def _beyond(sides: list[list[Statement]]) -> dict[str, Any]:
    """`{"proved": True}`, or a request that the left side allows and the right does not."""
    left, right = sides
    request = _Request([*left, *right], values=max(len(right), 1))
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS)
    solver.add(z3.Or([request.meets(each) for each in left]), z3.Not(z3.Or([request.meets(each) for each in right])))
    found = solver.check()
    if found == z3.unsat:
        return {"proved": True}
    if found == z3.unknown:
        return {"proved": False, "unknown": solver.reason_unknown()}
    return {"proved": False, "request": request.shown(solver.model())}


class _Request:
    """Any request: its principal, its resource, and for each condition key whether it is there and its values.

    A list of values needs as many elements as there are statements that may each refuse one of them. What all patterns
    of a place begin with is left out, on both sides alike: Z3 takes seconds to write long texts.
    """

    def __init__(self, statements: list[Statement], values: int) -> None:
        self._resource, self._principal = z3.String("resource"), z3.String("principal")
        self._present: dict[str, z3.BoolRef] = {}
        self._values: dict[str, list[z3.SeqRef]] = {}
        self._count = values
        self._shared = {"resource": _shared(each for one in statements for each in one["resources"])}
        for key in {key for one in statements for keys in one["conditions"].values() for key in keys}:
            self._shared[key] = _shared(
                each for one in statements for keys in one["conditions"].values() for each in keys.get(key, ())
            )

    def meets(self, statement: Statement) -> z3.BoolRef:
        """Whether it is what a statement speaks of."""
        resources = self._short("resource", statement["resources"])
        parts = [_any(self._resource, resources)] if resources else []
        parts += [_any(self._principal, statement["principals"])] if statement["principals"] else []
        for operator, keys in statement["conditions"].items():
            parts += [self._holds(operator, key, self._short(key, expected)) for key, expected in keys.items()]
        return z3.And(parts)

    def _short(self, place: str, patterns: list[str]) -> list[str]:
        return [each.removeprefix(self._shared[place]) for each in patterns]

    def _holds(self, operator: str, key: str, expected: list[str]) -> z3.BoolRef:
        present = self._present.setdefault(key, z3.Bool(f"{key} is there"))
        values = self._values.setdefault(key, [z3.String(f"{key} {number}") for number in range(self._count)])
        if operator == "ForAllValues:StringLike":
            return z3.Or(z3.Not(present), z3.And([_any(value, expected) for value in values]))
        if operator == "ForAllValues:StringEquals":
            met_by_each = [z3.Or([value == each for each in expected]) for value in values]
            return z3.Or(z3.Not(present), z3.And(met_by_each))
        base = operator.removesuffix("IfExists")
        if base not in {"StringEquals", "StringLike", "ArnEquals", "ArnLike"}:
            raise ValueError(f"unknown condition operator {operator!r}")
        literal = base == "StringEquals"
        met = z3.Or([values[0] == each for each in expected]) if literal else _any(values[0], expected)
        return z3.Or(z3.Not(present), met) if base != operator else z3.And(present, met)

    def shown(self, model: z3.ModelRef) -> dict[str, str]:
        """The request of a model: what it says, with what was left out before it."""
        found = {str(name): str(model[name]).strip('"') for name in model.decls()}
        return {name: self._shared.get(name.removesuffix(" 0"), "") + value for name, value in found.items()}


def _shared(patterns: Iterable[str]) -> str:
    """What all of them begin with before any wildcard, less a letter: some values must meet none of them."""
    heads = [re.split(r"[*?]", each)[0] for each in patterns]
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*heads, strict=False))
    return "".join(letters[0] for letters in alike)[:-1]


def _any(value: z3.SeqRef, patterns: list[str]) -> z3.BoolRef:
    return z3.Or([z3.InRe(value, _expression(pattern)) for pattern in patterns])


def _expression(pattern: str) -> z3.ReRef:
    """A pattern with wildcards, as IAM compares it."""
    anything = z3.AllChar(z3.ReSort(z3.StringSort()))
    parts, text = [], ""
    for letter in pattern:
        if letter not in "*?":
            text += letter
            continue
        parts += [z3.Re(text)] if text else []
        parts.append(z3.Star(anything) if letter == "*" else anything)
        text = ""
    parts += [z3.Re(text)] if text or not parts else []
    return z3.Concat(*parts) if len(parts) > 1 else parts[0]


if __name__ == "__main__":
    main()

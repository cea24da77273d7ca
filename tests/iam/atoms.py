"""The atoms of what policies grant: one action on one resource under one value of each condition.

An atom without which everything that is needed is still allowed is dead: too much is granted, or twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from tests.iam.policies import Needed, Policies
from tests.template.stack import Statement

SETS = ("ForAllValues:", "ForAnyValue:")
"""Operators over lists of values: their values are taken away one by one, from all actions at once."""


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """Where it is granted, and what."""

    owner: str
    sid: str
    action: str
    resource: str
    condition: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.owner, self.sid, self.action, self.resource, self.condition) if part)


def dead(policies: Policies, needs: Sequence[Needed]) -> set[Atom]:
    """The atoms that no need depends on. The key's own policy decides beside a role's, so it is asked for all."""
    decided = defaultdict(list)
    for need in needs:
        decided[id(policies.decide(need).statement)].append(need)
    by_the_key = [need for need in needs if need[1].action.startswith("kms:")]
    found = set()
    for owner, statement in policies.all():
        if statement.effect != "Allow":
            continue
        held = decided[id(statement)] or (by_the_key if owner == "Key" else [])
        for atom, rest in without_each(owner, statement):
            if not any(policies.instead(statement, rest).denied(held)):
                found.add(atom)
    return found


def without_each(owner: str, statement: Statement) -> Iterator[tuple[Atom, list[Statement]]]:
    """Each atom of a statement, and what is left of the statement without it."""
    pieces = dict(_pieces(owner, statement))
    for atom in pieces:
        yield atom, [piece for each, piece in pieces.items() if each != atom]
    for operator, keys in statement.conditions.items():
        for key, values in keys.items() if operator.startswith(SETS) else ():
            for value in values if len(values) > 1 else ():
                rest = tuple(each for each in values if each != value)
                narrowed = {**statement.conditions, operator: {**keys, key: rest}}
                yield Atom(owner, statement.sid, "", "", f"{key}={value}"), [replace(statement, conditions=narrowed)]


def _pieces(owner: str, statement: Statement) -> Iterator[tuple[Atom, Statement]]:
    named = [(kind, name) for kind, names in statement.principals.items() for name in names]
    for action, resource, conditions, whom in product(
        statement.actions, statement.resources or ("",), _single(statement.conditions), named or [("", "")]
    ):
        chosen = [
            f"{key}={values[0]}"
            for operator, keys in conditions.items()
            for key, values in keys.items()
            if len(statement.conditions[operator][key]) > 1 and not operator.startswith(SETS)
        ]
        chosen += [whom[1]] if len(named) > 1 else []
        piece = replace(
            statement,
            actions=(action,),
            resources=(resource,) if resource else (),
            conditions=conditions,
            principals={whom[0]: (whom[1],)} if named else {},
        )
        yield Atom(owner, statement.sid, action, resource, " ".join(chosen)), piece


Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]


def _single(conditions: Conditions) -> Iterator[Conditions]:
    """The same conditions with one value each, in every combination; lists of values stay whole."""
    places = [(operator, key) for operator, keys in conditions.items() for key in keys]
    choices = [
        (conditions[operator][key],)
        if operator.startswith(SETS)
        else tuple((value,) for value in conditions[operator][key])
        for operator, key in places
    ]
    for chosen in product(*choices):
        made: dict[str, dict[str, tuple[str, ...]]] = {}
        for (operator, key), values in zip(places, chosen, strict=True):
            made.setdefault(operator, {})[key] = values
        yield made

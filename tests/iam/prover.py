"""The prover of permissions: what is needed is granted, what is granted is needed, and what seeded slips it finds."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.iam import atoms, declared, needs, probes, sources
from tests.iam.policies import Needed, Policies
from tests.iam.recording import Recording
from tests.iam.unneeded import UNNEEDED
from tests.template.stack import Stack, Statement, deployed
from tests.template.wiring.faults import Fault, sow
from tests.template.wiring.finding import written
from tests.template.wiring.prover import translated

ROOT = Path(__file__).parents[2]
SOLVER = ROOT / ".venv-gates" / "bin" / "python"

Findings = Mapping[str, frozenset[str]]
"""What each check has against the policies, by the check's name; a check that has nothing is left out."""


@dataclass(frozen=True, slots=True)
class Case:
    """One set of parameters: what is granted with it, what must be, and what must not."""

    policies: Policies
    declared: Policies
    needs: tuple[Needed, ...]
    probes: tuple[Needed, ...]


@functools.cache
def recorded() -> Recording:
    """The recording that is kept beside this module."""
    return Recording.read()


@functools.cache
def cases() -> tuple[Case, ...]:
    """The template as it is, for the defaults and for every choice turned."""
    what = translated()
    return tuple(_case(deployed(*each)) for each in zip(what.templates, what.parameters, strict=True))


def _case(stack: Stack) -> Case:
    needed = tuple(needs.needed(recorded(), stack))
    return Case(Policies.read(stack), declared.of(stack), needed, tuple(probes.near(needed)))


# --- the checks, each over one set of parameters


def find_denied(case: Case) -> Iterator[str]:
    """What is needed and not allowed."""
    return (words(each) for each in case.policies.denied(case.needs))


def find_dead(case: Case) -> Iterator[str]:
    """Atoms that nothing needs, but for those that unneeded.py knows."""
    return (str(each) for each in atoms.dead(case.policies, case.needs) if str(each) not in UNNEEDED)


def find_loose(case: Case) -> Iterator[str]:
    """What is a slip away from a need, allowed, and declared by nobody."""
    return (words(each) for each in probes.undeclared(case.policies, case.declared, case.probes))


def find_undeclared(case: Case) -> Iterator[str]:
    """What is needed and not declared."""
    return (words(each) for each in case.declared.denied(case.needs))


def find_toothless(case: Case) -> Iterator[str]:
    """Denials that do not bite."""
    return probes.toothless(case.policies, case.needs)


Check = Callable[[Case], Iterator[str]]
CHECKS: Mapping[str, Check] = {
    "denied": find_denied,
    "dead": find_dead,
    "loose": find_loose,
    "undeclared": find_undeclared,
    "toothless": find_toothless,
}


@functools.cache
def clean() -> Findings:
    """What the checks have against the template as it is."""
    found = {name: frozenset(each for case in cases() for each in check(case)) for name, check in CHECKS.items()}
    return {name: each for name, each in found.items() if each}


def unrecorded() -> set[tuple[str, str]]:
    """Calls of the sources, module and operation, that no test has made."""
    return sources.called() - recorded().calls


def stale() -> set[str]:
    """Atoms that unneeded.py has a reason for, and that are needed or granted no more."""
    return UNNEEDED.keys() - {str(atom) for case in cases() for atom in atoms.dead(case.policies, case.needs)}


def figures() -> str:
    """What was compared, where it differs for the wider set of choices, and what was found."""
    case, called = max(cases(), key=lambda each: len(each.needs)), sources.called()
    atomic = {
        atom
        for owner, statement in case.policies.all()
        if statement.effect == "Allow"
        for atom, _ in atoms.without_each(owner, statement)
    }
    against = {name: len(found) for name, found in clean().items()}
    allowed = len(case.needs) - sum(1 for _ in case.policies.denied(case.needs))
    return (
        f"{len(called & recorded().calls)} of {len(called)} calls in the sources are made by a test; "
        f"{allowed} of {len(case.needs)} needs allowed; "
        f"{len(atomic)} atoms granted, {against.get('dead', 0)} dead, {len(UNNEEDED)} kept with a reason; "
        f"{len(case.probes)} slips from a need, {against.get('loose', 0)} allowed by mistake"
    )


def seeded(faults: Iterable[Fault]) -> dict[str, set[str]]:
    """Which checks find each slip, by the slip's words."""
    return {fault.words: set(_found(fault)) for fault in faults}


def _found(fault: Fault) -> Iterator[str]:
    known = clean()
    for case in _sown(fault):
        for name, check in CHECKS.items():
            if not known.get(name, frozenset()).issuperset(check(case)):
                yield name


def _sown(fault: Fault) -> Iterator[Case]:
    """The cases whose policies the slip changes; roles whose own policy alone is changed are probed, and no others."""
    for before, case in zip(cases(), _seeded_cases(fault), strict=True):
        changed = case.policies.otherwise(before.policies)
        alone = changed <= case.policies.of_owners.keys()
        if changed:
            yield replace(case, probes=tuple(each for each in case.probes if not alone or each[0] in changed))


def _seeded_cases(fault: Fault) -> list[Case]:
    """What is needed stays the same."""
    template, _ = sow(fault, translated(), written())
    stacks = [deployed(*each) for each in zip(template.templates, template.parameters, strict=True)]
    return [replace(case, policies=Policies.read(stack)) for case, stack in zip(cases(), stacks, strict=True)]


def words(need: Needed) -> str:
    """Who, what, on what, with which context."""
    who, request = need
    context = " ".join(f"{key}={value}" for key, value in request.context.items())
    return " ".join(part for part in (who or request.principal, request.action, request.resource, context) if part)


# --- Z3

Question = Mapping[str, Any]
Answer = Mapping[str, Any]


def included() -> list[Answer]:
    """Whether all that is granted is declared, and all that is declared granted, for each action of each policy."""
    return _solved(question for case in cases() for question in _questions(case))


def solved_seeds(faults: Iterable[Fault]) -> dict[str, bool]:
    """Whether Z3 finds a request that shows each slip, by the slip's words; only what the slip changes is asked."""
    asked = [
        {**question, "name": fault.words}
        for fault in faults
        for before, case in zip(cases(), _seeded_cases(fault), strict=True)
        for question in _questions(case)
        if question["owner"] in case.policies.otherwise(before.policies)
    ]
    against = {answer["name"] for answer in _solved(asked) if "request" in answer}
    return {fault.words: fault.words in against for fault in faults}


def _solved(questions: Iterable[Question]) -> list[Answer]:
    command = [str(SOLVER), "-m", "tests.iam.inclusion"]
    text = json.dumps(list(questions))
    done = subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True, check=True)
    answers: list[Answer] = json.loads(done.stdout)
    return answers


def _questions(case: Case) -> Iterator[Question]:
    granted, wanted = _by_owner(case.policies), _by_owner(case.declared)
    for owner in sorted(granted | wanted):
        left, right = ([_plain(each) for each in side.get(owner, ())] for side in (granted, wanted))
        yield {"name": f"{owner}: granted and not declared", "owner": owner, "left": left, "right": right}
        yield {"name": f"{owner}: declared and not granted", "owner": owner, "left": right, "right": left}


def _by_owner(policies: Policies) -> dict[str, list[Statement]]:
    """Allowing statements by where they stand. Each resource's policy speaks of itself alone, the key's of "*"."""
    found: dict[str, list[Statement]] = {}
    for owner, statement in policies.all():
        if statement.effect == "Allow":
            found.setdefault(owner, []).append(statement)
    return found


def _plain(statement: Statement) -> Question:
    return {
        "actions": statement.actions,
        "resources": statement.resources,
        "conditions": statement.conditions,
        "principals": [name for names in statement.principals.values() for name in names],
    }

"""All checks over all sets of parameters, and what they are worth: the seeded faults that they find."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping

from tests.template.conftest import DEFAULTS, OTHER_CHOICES, chosen, read_template, translate
from tests.template.stack import deployed
from tests.template.wiring import (
    access,
    account,
    alarms,
    apis,
    floors,
    functions,
    keeping,
    literals,
    queues,
    rules,
    sent,
    surprises,
)
from tests.template.wiring.faults import Fault, sow
from tests.template.wiring.finding import Check, Code, Finding, Translated, written
from tests.template.wiring.seeds import FAULTS

CHECKS: tuple[Check, ...] = tuple(
    check
    for module in (
        queues, rules, functions, apis, access, account, keeping, alarms, sent, surprises, literals, floors,
    )
    for check in module.CHECKS
)  # fmt: skip


@functools.cache
def translated() -> Translated:
    """The template of this checkout, for the defaults and for every choice turned."""
    raw = read_template()
    chosen_ones = tuple(chosen(raw, choices) for choices in (DEFAULTS, OTHER_CHOICES))
    plain = (json.loads(json.dumps(translate(raw, each))) for each in chosen_ones)  # SAM's own dicts are slow to copy
    return Translated(tuple(plain), chosen_ones)


def prove(what: Translated, code: Code) -> dict[str, set[Finding]]:
    """What each check finds, by the check's name; a check without findings is left out."""
    stacks = [deployed(template, each) for template, each in zip(what.templates, what.parameters, strict=True)]
    found = {check.__name__: {finding for stack in stacks for finding in check(stack, code)} for check in CHECKS}
    return {name: findings for name, findings in found.items() if findings}


def clean() -> set[Finding]:
    """What the checks find in the template and the sources as they are."""
    return set().union(*prove(translated(), written()).values())


def seeded(faults: Iterable[Fault] = FAULTS) -> dict[str, set[str]]:
    """Which checks find each fault, by the fault's words: those that say more than they say without it.

    With the choices turned is looked only for what the defaults do not show.
    """
    known = prove(translated(), written())
    return {fault.words: _finders(fault, known) for fault in faults}


def _finders(fault: Fault, known: Mapping[str, set[Finding]]) -> set[str]:
    what, code = sow(fault, translated(), written())
    for alone in what.apart():
        if found := {name for name, findings in prove(alone, code).items() if findings - known.get(name, set())}:
            return found
    return set()

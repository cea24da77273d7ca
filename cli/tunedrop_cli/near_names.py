"""What to propose to a person who named what is not there: the nearest name, and the command that lists all."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from difflib import get_close_matches

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation.evaluation_request import BASE

from tunedrop_cli import listings, stack
from tunedrop_cli.errors import Refused

_LISTS = {
    "model_required": "deployments",
    "unknown_candidate": "deployments",
    "unknown_dataset": "datasets",
    "unknown_deployment": "deployments",
    "unknown_evaluation": "evaluations",
    "unknown_job": "jobs",
    "unknown_key": "keys",
}
"""By code of the refusal, the command whose `list` has the names."""
_NAMED = {"datasets": ("dataset",), "deployments": ("deployment", "candidate", "against")}
"""Where a person gives names that can be misspelled; ids are copied."""
_LOOKED_AT = 1_000


def proposal(chosen: argparse.Namespace, refused: Refused) -> str:
    """A sentence to say after the refusal, or nothing."""
    noun = _LISTS.get(str(refused.code))
    if noun is None:
        return ""
    near = _nearest(chosen, noun)
    meant = f" Did you mean {near}?" if near else ""
    return f"{meant} {stack.again(chosen, f'tunedrop {noun} list')} shows what there is."


def of_unknown(chosen: argparse.Namespace, noun: str, named: str) -> str | None:
    """The same for a name that nothing refuses, where a mistype would pass in silence.

    None if there is that name, and if it may stand further down than is looked.
    """
    what = noun.removesuffix("s")
    try:
        names, more = _listed(chosen, noun)
    except Refused:
        return None
    if more or named in names:
        return None
    near = next(iter(get_close_matches(named, names, 1)), None)
    return f"There is no {what} {named}.{f' Did you mean {near}?' if near else ''}"


def _nearest(chosen: argparse.Namespace, noun: str) -> str | None:
    named = list(_typed(chosen, noun))
    if not named:
        return None
    try:
        names, _ = _listed(chosen, noun)
    except Refused:  # who may ask for one may not always list all
        return None
    known = [*names, *((BASE, *catalogue.catalogue()) if getattr(chosen, "candidate", None) else ())]
    near = (get_close_matches(name, known, 1) for name in named if name not in known)
    return next((found[0] for found in near if found), None)


def _listed(chosen: argparse.Namespace, noun: str) -> tuple[list[str], bool]:
    """The first names of a list, and whether it goes on after them."""
    found = listings.some(stack.Stack(chosen).api(), f"/{noun}", _LOOKED_AT)
    return [each["name"] for each in found.items], found.more


def _typed(chosen: argparse.Namespace, noun: str) -> Iterator[str]:
    """The names of this kind that were typed."""
    for option in _NAMED.get(noun, ()):
        given = getattr(chosen, option, None) or ()
        for name in (given,) if isinstance(given, str) else given:
            yield name.partition("@")[0]

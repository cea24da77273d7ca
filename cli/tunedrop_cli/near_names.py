"""What to propose to a person who named what is not there: the nearest name, and the command that lists all."""

from __future__ import annotations

import argparse
from difflib import get_close_matches

from tunedrop_cli import listings, stack
from tunedrop_cli.errors import Refused

_LISTS = {
    "model_required": "deployments",
    "unknown_dataset": "datasets",
    "unknown_deployment": "deployments",
    "unknown_job": "jobs",
    "unknown_key": "keys",
}
"""By code of the refusal, the command whose `list` has the names."""
_NAMED = {"datasets": "dataset", "deployments": "deployment"}
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
    named = getattr(chosen, _NAMED.get(noun, ""), None)
    if not named:
        return None
    try:
        names, _ = _listed(chosen, noun)
    except Refused:  # who may ask for one may not always list all
        return None
    return next(iter(get_close_matches(named.partition("@")[0], names, 1)), None)


def _listed(chosen: argparse.Namespace, noun: str) -> tuple[list[str], bool]:
    """The first names of a list, and whether it goes on after them."""
    found = listings.some(stack.Stack(chosen).api(), f"/{noun}", _LOOKED_AT)
    return [each["name"] for each in found.items], found.more

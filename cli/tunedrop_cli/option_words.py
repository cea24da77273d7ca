"""Refusals and advice in the words of the command line: an option for each field of a request that it stands for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any

_FIELD = re.compile(r"(?<![\w.\"'{-])(`?)([a-z]+(?:_[a-z]+)+)\1(?: ?[:=] true)?(?![\w\"'}-])")


def told(chosen: argparse.Namespace, words: str) -> str:
    """The words, with `--plan-id` where they say plan_id, if the command that was typed has that option."""

    def option(found: re.Match[str]) -> str:
        return f"--{found[2].replace('_', '-')}" if found[2] in vars(chosen) else found[0]

    return _FIELD.sub(option, words.replace("?plan=true", "--plan"))


def in_plan(chosen: argparse.Namespace, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """The plan with its advice told so."""
    return {**plan, "advice": [told(chosen, words) for words in plan.get("advice") or ()]}

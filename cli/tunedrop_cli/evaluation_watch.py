"""Follow an evaluation to its end: each new state, and how much of what it expects was answered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from tunedrop.domain.evaluation.evaluation_states import ENDED

from tunedrop_cli import local_times, pauses, progress, text_report
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

TOLD = 10
"""Lines at most that tell of answers where there is no terminal to rewrite one."""

Found = Mapping[str, Any]


def follow(api: ControlApi, evaluation_id: str, screen: Console) -> Found:
    """Print each new state until the evaluation has ended, and return it as it is then."""
    found: Found = {}
    state, told = "", 0
    with progress.status(screen) as say:
        for pause in pauses.growing():
            found = api.get(place("evaluations", evaluation_id))
            share = _tenths(found)
            if found["state"] != state or (share > told and not screen.is_terminal):
                text_report.line(screen, f"{_now()}  {found['state']}{_answered(found)}")
            state, told = found["state"], share
            if state in ENDED:
                break
            say(f"{state}{_answered(found)}")
            time.sleep(pause)
    return found


def _answered(found: Found) -> str:
    """How far it is while it asks."""
    if found["state"] != "InProgress":
        return ""
    return f"  {found['answered']:,} of {found['expected']:,} answers"


def _tenths(found: Found) -> int:
    return int(TOLD * found["answered"] / found["expected"]) if found["expected"] else 0


def _now() -> str:
    return local_times.shown(datetime.now(UTC).isoformat())

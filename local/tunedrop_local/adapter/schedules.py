"""Seam: makes rules and schedules fire at their interval divided by the time scale."""

from __future__ import annotations

from ministack.services import eventbridge, scheduler

from tunedrop_local.adapter import seams
from tunedrop_local.settings import Settings

TICK = 0.25  # seconds between checks of what is due; MiniStack's own is 10


def install(settings: Settings) -> None:
    """Checks more often and shortens every rate expression; cron expressions keep to the wall clock."""
    parse = seams.original(eventbridge, "_parse_rate_seconds", "expr")
    for module, name in ((eventbridge, "_SCHEDULER_TICK_INTERVAL"), (scheduler, "_SCHEDULE_TICK_INTERVAL")):
        if not isinstance(getattr(module, name, None), (int, float)):
            raise seams.SeamMissing(f"{module.__name__}.{name} is gone")
        setattr(module, name, TICK)

    def scaled(expression: str) -> float | None:
        seconds = parse(expression)
        return None if seconds is None else settings.interval(seconds)

    seams.replace(eventbridge, "_parse_rate_seconds", scaled)

"""Seam: rules and schedules fire at their interval divided by the time scale."""

from __future__ import annotations

from ministack.services import eventbridge, scheduler

from tunedrop_local.adapter import seams

TICK = 0.25  # seconds; MiniStack looks every 10
SHORTEST = 1.0  # seconds: no scale may turn a schedule into a storm


def install(time_scale: float) -> None:
    parse = seams.original(eventbridge, "_parse_rate_seconds", "expr")
    for module, name in ((eventbridge, "_SCHEDULER_TICK_INTERVAL"), (scheduler, "_SCHEDULE_TICK_INTERVAL")):
        if not isinstance(getattr(module, name, None), (int, float)):
            raise seams.SeamMissing(f"{module.__name__}.{name} is gone")
        setattr(module, name, TICK)

    def scaled(expression: str) -> float | None:
        seconds = parse(expression)
        return None if seconds is None else scaled_interval(seconds, time_scale)

    seams.replace(eventbridge, "_parse_rate_seconds", scaled)


def scaled_interval(seconds: float, time_scale: float) -> float:
    return seconds if time_scale == 1 else max(SHORTEST, seconds / time_scale)

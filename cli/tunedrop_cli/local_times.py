"""Times and durations for people: in the terminal's time zone, no finer than is useful."""

from __future__ import annotations

from datetime import datetime, timedelta


def shown(text: str | None) -> str:
    """A time of ControlApi (ISO 8601 in UTC) in local time, to the second; a dash for none."""
    return "-" if text is None else parsed(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def parsed(text: str) -> datetime:
    """A time of ControlApi, with its zone."""
    return datetime.fromisoformat(text)


def lasted(span: timedelta) -> str:
    """A duration in its two largest units, such as `1 h 05 min`."""
    seconds = max(0, round(span.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"

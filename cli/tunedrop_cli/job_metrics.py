"""A job's stored losses, as ControlApi pages them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

SPLITS = ("training", "validation")
_PAGE = 10_000


def points(api: ControlApi, job: Mapping[str, Any], split: str) -> Iterator[Mapping[str, Any]]:
    """All stored points of a split, in order."""
    cursor: str | None = "" if job["metric_points"].get(split) else None
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        page = api.get(f"/jobs/{job['id']}/metrics", split=split, limit=_PAGE, **more)
        yield from page["points"]
        cursor = page["cursor"]

"""Lists of ControlApi, page by page, up to a limit that is told where it cut something off."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunedrop_cli import text_report

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list began with, and whether it goes on."""

    items: list[Any]
    more: bool


def some(api: ControlApi, path: str, limit: int, **query: str) -> Listed:
    """Up to `limit` items of the list at `path`, whose answers name them as the path ends, in its order."""
    name = path.rsplit("/", 1)[-1]
    items: list[Any] = []
    cursor: str | None = ""
    while cursor is not None and len(items) < limit:
        further = {"cursor": cursor} if cursor else {}
        page = api.get(path, limit=min(_PAGE, limit - len(items)), **query, **further)
        items, cursor = [*items, *page[name]], page["cursor"]
    return Listed(items, more=cursor is not None)


def every(api: ControlApi, path: str, **query: str) -> list[Any]:
    """All items of the list at `path`."""
    return some(api, path, sys.maxsize, **query).items


def say_more(found: Listed) -> None:
    """Say, beside the list itself, that it goes on, and how to see that."""
    if found.more:
        aside = text_report.console(stderr=True)
        text_report.line(aside, f"There are more; these are the first {len(found.items):,}. --limit N lists N of them.")

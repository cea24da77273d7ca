"""Name files of a person's own machine without the folders that they lie in, which are nobody else's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SEPARATOR = re.compile(r"[/\\]")


def without_folders(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """A report on local files with their names for their paths; a report on a version as it is.

    Files of different folders keep what distinguishes them.
    """
    if report["dataset"] and report["version"]:
        return report
    short = _short([str(file["key"]) for file in report["files"]])

    def named(what: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        path = str(entry[what])
        return {**entry, what: short.get(path) or _SEPARATOR.split(path)[-1] or path}

    output = report["output"]
    return {
        **report,
        "files": [named("key", file) for file in report["files"]],
        "findings": [named("source", finding) for finding in report["findings"]],
        "output": named("key", output) if output else None,
    }


def _short(paths: list[str]) -> dict[str, str]:
    """Each path from the last folder on that all are in."""
    parted = [_SEPARATOR.split(path) for path in paths]
    folders = [parts[:-1] for parts in parted]
    apart = (at for at, names in enumerate(zip(*folders, strict=False)) if len(set(names)) > 1)
    shared = next(apart, min(map(len, folders), default=0))
    return {path: "/".join(parts[shared:]) for path, parts in zip(paths, parted, strict=True)}

"""Values of options, refused where they mean nothing."""

from __future__ import annotations

import argparse
import math
import re
from datetime import datetime
from typing import Any

from tunedrop_cli.errors import WrongUsage

_DATASET = re.compile(r"(?P<name>[^@]+)(@(?P<version>[1-9]\d{0,8}))?")


def positive(text: str) -> int:
    """A whole number from 1 on. Raises argparse's own error: 0 must not be read as nothing said."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def amount(text: str) -> float:
    """An amount of money above 0. Raises argparse's own error: nothing costs more than `nan`."""
    found = _number(text)
    if not (math.isfinite(found) and found > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount above 0")
    return found


def share(text: str) -> float:
    """A share between 0 and 1, neither included. Raises argparse's own error."""
    found = _number(text)
    if not 0 < found < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1; 3 points are 0.03")
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def dataset_version(text: str) -> dict[str, Any]:
    """`NAME` or `NAME@VERSION` as the members of a request that say which data. Raises WrongUsage."""
    found = _DATASET.fullmatch(text)
    if found is None:
        raise WrongUsage(f"{text!r} is no dataset; write NAME or NAME@VERSION, such as support-bot@3")
    return {"dataset": found["name"], **({"version": int(found["version"])} if found["version"] else {})}


def moment(text: str) -> str:
    """A time in ISO 8601, here if it names no zone. Raises argparse's own error."""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write one such as 2026-12-01T18:00:00Z") from None

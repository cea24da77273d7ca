"""Values of options, refused where they mean nothing."""

from __future__ import annotations

import argparse
import math
from datetime import datetime


def positive(text: str) -> int:
    """A whole number from 1 on. Raises argparse's own error: 0 must not be read as nothing said."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def amount(text: str) -> float:
    """An amount of money above 0. Raises argparse's own error: nothing costs more than `nan`."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount above 0")
    return found


def moment(text: str) -> str:
    """A time in ISO 8601, here if it names no zone. Raises argparse's own error."""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write one such as 2026-12-01T18:00:00Z") from None

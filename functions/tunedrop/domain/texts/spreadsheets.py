"""Lines of CSV that a spreadsheet opens as what they say: no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(cells: Iterable[object]) -> str:
    r"""One line without its end, which is `\r\n`; None is an empty cell."""
    written = io.StringIO()
    csv.writer(written).writerow(map(_cell, cells))
    return written.getvalue().removesuffix("\r\n")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text

"""Read Parquet files; only decompression comes from a library. docs/parquet.md says what is read and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

PASSED_OVER = "??"
"""What stands in a row for a value that was not read: this very object, as a cell may hold what equals it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Names of columns by what is asked of them."""

    needed: frozenset[str]
    """A value that cannot be read is a defect of its row, and a column that cannot is one of the file."""
    unread: frozenset[str] = frozenset()
    """Nothing of them is fetched. Of all others, what cannot be read is passed over."""


Ask = Callable[[Sequence[str]], Asked]
"""Given the names of a table's columns, what is asked of them."""

"""Caps on what reading a Parquet file may hold in memory, and on how much its content may become."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tunedrop.domain.records.defects import Defect, UnreadableContent

MAX_PAGE_BYTES = 512 * 2**20
"""Of the pages that are held at a time: one for each column, and a second time as stored while one is unpacked.
DuckDB's have up to 100 MB; those of other writers about one."""
MAX_DICTIONARY_BYTES = 128 * 2**20
"""Of a row group's dictionaries, in memory."""
_FREE_BYTES, _MAX_RATIO = 2**30, 100
"""Bytes that any file's content may have, and times the file's size that larger content may have."""

_TOO_FAR = Defect("parquet_expands_too_far", "Its values become more than a hundred times as large as the file.")
_PAGES = Defect(
    "row_group_too_large", f"Pages that must be held at a time need more than {MAX_PAGE_BYTES // 2**20} MiB."
)
_DISTINCT = Defect(
    "row_group_too_large", f"A row group's dictionaries need more than {MAX_DICTIONARY_BYTES // 2**20} MiB."
)


class Budget:
    """A number of bytes, and the defect of a file that needs more."""

    def __init__(self, allowed: int, defect: Defect) -> None:
        self._left = allowed
        self._defect = defect

    def spend(self, size: int) -> None:
        """Subtract `size` bytes. Raises UnreadableContent once the budget is exceeded."""
        self._left -= size
        if self._left < 0:
            raise UnreadableContent(self._defect)

    def give_back(self, size: int) -> None:
        """Add the bytes of what is held no longer."""
        self._left += size

    @contextmanager
    def lent(self, size: int) -> Iterator[None]:
        """Spend `size` bytes, and get them back at the end."""
        self.spend(size)
        yield
        self.give_back(size)


@dataclass(frozen=True, slots=True)
class Budgets:
    """Budgets that all columns share: pages held at a time, a row group's dictionaries, the whole file's content."""

    pages: Budget
    dictionaries: Budget
    content: Budget


def of_content(stored: int) -> Budget:
    """The budget for the content of a file that has `stored` bytes."""
    return Budget(max(_FREE_BYTES, _MAX_RATIO * stored), _TOO_FAR)


def of_row_group(content: Budget) -> Budgets:
    """The budgets for a row group's columns; `content` goes on from one row group to the next."""
    return Budgets(Budget(MAX_PAGE_BYTES, _PAGES), Budget(MAX_DICTIONARY_BYTES, _DISTINCT), content)

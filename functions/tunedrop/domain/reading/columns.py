"""Turn a table's rows into documents: normalize column names, leave out empty cells that mean nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tunedrop.domain.formats import alpaca, pairs, shapes, sharegpt
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.formats.verdicts import may_mark
from tunedrop.domain.parquet import Asked
from tunedrop.domain.reading.absent_values import LISTS
from tunedrop.domain.records.record import Document

KNOWN = frozenset({"system", *alpaca.NAMES, *pairs.QUESTIONS, *pairs.ANSWERS, *LISTS})
"""Columns that a format reads."""
_OPTIONAL = frozenset({"system", "history", "tools"})
_ANSWERED = frozenset({*pairs.ANSWERS, *sharegpt.NAMES})
"""Metadata columns and empty cells of unknown columns are left out only beside one of these.

Otherwise one of them may be the answer, such as a category.
"""

_ROW_NUMBERS = re.compile(r"unnamed: 0(\.\d+)*")
"""What pandas calls its row numbers once they were written and read again, and again."""


class Columns:
    """Turns rows into documents and counts its changes in `normalised`."""

    def __init__(self, normalised: Counter[str], mapping: FieldMapping | None) -> None:
        self._normalised = normalised
        self._mapping = mapping
        self._names: dict[tuple[str, ...], tuple[str | None, ...]] = {}
        self._may_lack: frozenset[str] = frozenset()
        """Columns in which an empty cell means that the record has none."""

    def ask(self, names: Sequence[str]) -> Asked:
        """What is asked of a Parquet file's columns: left out unread, taken by some format, or only looked at."""
        if self._mapping is not None and self._mapping.applies(dict.fromkeys(names)):
            mapped = self._mapping.fields
            return Asked(mapped, frozenset(name for name in names if name not in mapped and not may_mark(name)))
        meant = dict(zip(names, self._meant(tuple(names)), strict=True))
        return Asked(
            frozenset(name for name, field in meant.items() if field in KNOWN),
            frozenset(name for name, field in meant.items() if field is None and not may_mark(name)),
        )

    def document(self, row: Mapping[str, Any]) -> Document:
        """Return the row's fields under their normalized names."""
        if self._mapping is not None and self._mapping.applies(row):
            return row
        document: dict[str, Any] = {}
        for name, value in zip(self._meant(tuple(row)), row.values(), strict=True):
            if name is None:
                self._normalised["field_left_out"] += 1
                continue
            if value != "" or name not in self._may_lack:
                document[name] = value
        return document

    def _meant(self, names: tuple[str, ...]) -> tuple[str | None, ...]:
        """Each column's normalized name, None to leave it out. Cached for one set of names: a table has only one."""
        if names not in self._names:
            folded = [_known(name) for name in names]
            unique = folded if len(set(folded)) == len(names) else list(names)
            self._normalised["column_renamed"] += sum(a != b for a, b in zip(names, unique, strict=True))
            is_answered = not _ANSWERED.isdisjoint(unique)
            ignored = shapes.METADATA if is_answered else frozenset()
            self._may_lack = _OPTIONAL | (frozenset(unique) - KNOWN if is_answered else frozenset())
            self._names = {names: tuple(None if _is_ignored(name, ignored) else name for name in unique)}
        return self._names[names]


def _is_ignored(name: str, ignored: frozenset[str]) -> bool:
    folded = shapes.fold(name)
    return folded in ignored or (bool(ignored) and _ROW_NUMBERS.fullmatch(folded) is not None)


def _known(name: str) -> str:
    meant = shapes.fold(name)
    return meant if meant in KNOWN else name

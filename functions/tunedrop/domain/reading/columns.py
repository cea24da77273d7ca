"""Turn a table's rows into documents: normalize column names, parse lists from their cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tunedrop.domain.formats import alpaca, pairs, shapes, sharegpt
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.parquet import Asked
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Document

_LISTS = frozenset({*sharegpt.NAMES, "history", "tools"})
"""Columns whose cells hold JSON in tables that have only text, such as CSV."""
_KNOWN = frozenset({"system", *alpaca.NAMES, *pairs.QUESTIONS, *pairs.ANSWERS, *_LISTS})
_OPTIONAL = frozenset({"system", "history", "tools"})
"""Columns in which an empty cell means that the record has none."""
_ANSWERED = frozenset({*pairs.ANSWERS, *sharegpt.NAMES})
"""Metadata columns are ignored only beside one of these. Otherwise one may be the answer, such as a category."""


class Columns:
    """Turns rows into documents and counts its changes in `normalised`."""

    def __init__(self, normalised: Counter[str], mapping: FieldMapping | None) -> None:
        self._normalised = normalised
        self._mapping = mapping
        self._names: dict[tuple[str, ...], tuple[str | None, ...]] = {}

    def ask(self, names: Sequence[str]) -> Asked:
        """What is asked of a Parquet file's columns: left out unread, taken by some format, or only looked at."""
        if self._mapping is not None and self._mapping.applies(dict.fromkeys(names)):
            mapped = self._mapping.fields
            return Asked(mapped, frozenset(names) - mapped)
        meant = dict(zip(names, self._meant(tuple(names)), strict=True))
        return Asked(
            frozenset(name for name, field in meant.items() if field in _KNOWN),
            frozenset(name for name, field in meant.items() if field is None),
        )

    def document(self, row: Mapping[str, Any]) -> Document | Defect:
        """Return the row's fields, or a defect if a cell that should hold JSON does not."""
        if self._mapping is not None and self._mapping.applies(row):
            return row
        document: dict[str, Any] = {}
        for name, value in zip(self._meant(tuple(row)), row.values(), strict=True):
            if name is None:
                self._normalised["field_left_out"] += 1
                continue
            field = strict_json.parse_cell(value) if name in _LISTS and isinstance(value, str) and value else value
            if isinstance(field, Defect):
                return Defect(field.code, field.message, shapes.child("$", name), field.hint)
            if field is not None and (field != "" or name not in _OPTIONAL):
                document[name] = field
        return document

    def _meant(self, names: tuple[str, ...]) -> tuple[str | None, ...]:
        """Each column's normalized name, None to leave it out. Cached for one set of names: a table has only one."""
        if names not in self._names:
            folded = [_known(name) for name in names]
            unique = folded if len(set(folded)) == len(names) else list(names)
            self._normalised["column_renamed"] += sum(a != b for a, b in zip(names, unique, strict=True))
            ignored = shapes.METADATA if not _ANSWERED.isdisjoint(unique) else frozenset()
            self._names = {names: tuple(None if shapes.fold(name) in ignored else name for name in unique)}
        return self._names[names]


def _known(name: str) -> str:
    meant = shapes.fold(name)
    return meant if meant in _KNOWN else name

"""Read `[mapping]` and `[fields]` of `dataset.toml`: which fields are what, and which are none of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.formats import field_mapping
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.versions.toml_tables import TomlTable

KEYS = ("keep", "ignore")

_NAME = "the name of a key or column"
_KEPT = 'a list of fields that are not trained on, such as ["references"]'
_IGNORED = 'a list of fields to leave out, such as ["reviewed_by"], none of them mapped or kept'


def read_mapping(table: TomlTable) -> FieldMapping | None:
    """The mapping; None, with a defect, if it is not as field_mapping.RULE says."""
    given = {name: text for name in field_mapping.FIELDS if (text := table.text(name, _NAME, len))}
    needed = ("messages",) if "messages" in table.values else field_mapping.PAIR
    missing = [name for name in needed if name not in table.values]
    for name in missing:
        table.wrong(name, _NAME)
    if missing or len(given) < len(table.values):
        return None
    mapping = field_mapping.build(given)
    if mapping is None:
        words = f"The mapping needs different {field_mapping.RULE}."
        table.complain("wrong_setting", words, next(iter(given)))
    return mapping


def read_fields(table: TomlTable, mapping: object) -> tuple[frozenset[str], frozenset[str]]:
    """The fields to keep, and those to ignore. `mapping` is the table beside it, as it was given."""
    mapped = {*map(str, mapping.values())} if isinstance(mapping, Mapping) else set()
    keep = _words(table, "keep", _KEPT, kept_fields.RESERVED | mapped, kept_fields.MOST)
    return keep, _words(table, "ignore", _IGNORED, mapped | keep, kept_fields.MOST_IGNORED)


def _words(table: TomlTable, name: str, expected: str, refused: set[Any] | frozenset[Any], most: int) -> frozenset[str]:
    words = table.words(name, expected, lambda word: 0 < len(word) <= kept_fields.LONGEST and word not in refused)
    if len(words) > most:
        table.wrong(name, f"at most {most} names")
    return frozenset(words)

"""Nested columns put together again: a list of objects is stored as one column for each leaf, as Dremel does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tunedrop.domain.parquet.schema import Field
from tunedrop.domain.records import elements

MAX_VALUES = 200_000
"""More in one cell, even if all are null, is past every base model's token limit."""
_FEWEST = 256

Stripe = Sequence[tuple[int, int, Any]]
"""Of one leaf: repetition and definition level and value (None where there is none), one after the other."""


class _Room:
    """How many characters a row may still have in all leaves of a field: a few bytes can stand for any number."""

    def __init__(self) -> None:
        self.left = elements.MAX_BYTES


def values(field: Field, leaves: Sequence[Iterator[tuple[int, int, Any]]]) -> Iterator[Any]:
    """The field's value in each row; a defect for one that is too long. Raises ValueError for leaves that disagree."""
    most, room = max(_FEWEST, MAX_VALUES // len(leaves)), _Room()
    for stripes in zip(*(_rows(leaf, most, room) for leaf in leaves), strict=True):
        if room.left < 0 or max(map(len, stripes)) > most:
            yield elements.too_long("cell")
        else:
            yield _assemble(field, stripes)
        room.left = elements.MAX_BYTES


def _rows(leaf: Iterator[tuple[int, int, Any]], most: int, room: _Room) -> Iterator[Stripe]:
    """A leaf's part of each row: of one with more than `most` values, one more; of one without room, its beginning."""
    row: list[tuple[int, int, Any]] = []
    for entry in leaf:
        if not entry[0]:
            if row:
                yield row
            row = [entry]
        elif not row:
            raise ValueError("a row that begins in its middle")
        elif len(row) <= most and room.left >= 0:
            row.append(entry)
        if type(entry[2]) is str:
            room.left -= len(entry[2])
    if row:
        yield row


def _assemble(field: Field, stripes: Sequence[Stripe]) -> Any:
    _, definition, value = stripes[0][0]
    if definition < field.present:
        return None
    if field.kind == "leaf":
        return value
    if field.kind == "object":
        return {
            part.name: _assemble(part, stripes[part.first - field.first : part.last - field.first])
            for part in field.parts
        }
    items: list[Any] = []
    if definition >= field.filled:
        (item,) = field.parts
        cut = (_cut(stripe, field.repetition) for stripe in stripes)
        items = [_assemble(item, each) for each in zip(*cut, strict=True)]
    return items if field.kind == "list" else _mapping(items)


def _cut(stripe: Stripe, repetition: int) -> Iterator[Stripe]:
    """A list's elements: each begins at the list's own repetition level."""
    starts = [place for place, entry in enumerate(stripe) if not place or entry[0] <= repetition]
    for start, end in pairwise([*starts, len(stripe)]):
        yield stripe[start:end]


def _mapping(items: list[Any]) -> Any:
    """A map as JSON has it, where its keys are texts and differ; else the list of its keys and values."""
    pairs = [tuple(item.values()) if item else () for item in items]
    if not all(len(pair) == 2 for pair in pairs):
        raise ValueError("a map's entry that is none")
    made = {key: value for key, value in pairs if isinstance(key, str)}
    return made if len(made) == len(pairs) else [{"key": key, "value": value} for key, value in pairs]

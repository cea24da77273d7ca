"""Assemble nested values, which Parquet stores as one column per leaf, by Dremel's method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from tunedrop.domain.parquet.schema import Field
from tunedrop.domain.records import elements

MAX_VALUES = 200_000
"""More values in one cell, even nulls, exceed every base model's token limit."""
_FEWEST = 256
"""Values per leaf that are always allowed, however many leaves share the limit."""

Stripe = Sequence[tuple[int, int, Any]]
"""One leaf's entries in order: (repetition level, definition level, value or None)."""


class _Room:
    """Characters a row may still have in all leaves of a field; a few encoded bytes can stand for any number."""

    def __init__(self) -> None:
        self.left = elements.MAX_BYTES


def values(field: Field, leaves: Sequence[Iterator[tuple[int, int, Any]]]) -> Iterator[Any]:
    """Yield the field's value in each row, or a defect if it is too long. Raises ValueError if leaves disagree."""
    most, room = max(_FEWEST, MAX_VALUES // len(leaves)), _Room()
    for stripes in zip(*(_rows(leaf, most, room) for leaf in leaves), strict=True):
        if room.left < 0 or max(map(len, stripes)) > most:
            yield elements.too_long("cell")
        else:
            yield _assemble(field, stripes)
        room.left = elements.MAX_BYTES


def _rows(leaf: Iterator[tuple[int, int, Any]], most: int, room: _Room) -> Iterator[Stripe]:
    """Yield a leaf's part of each row, cut off after `most` + 1 values or when the room is used up."""
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
    """Cut a stripe into a list's elements, each of which begins at the list's own repetition level."""
    starts = [place for place, entry in enumerate(stripe) if not place or entry[0] <= repetition]
    for start, end in pairwise([*starts, len(stripe)]):
        yield stripe[start:end]


def _mapping(items: list[Any]) -> Any:
    """An object, if a map's keys are different texts; otherwise a list of its keys and values."""
    pairs = [tuple(item.values()) if item else () for item in items]
    if not all(len(pair) == 2 for pair in pairs):
        raise ValueError("a map's entry that is none")
    made = {key: value for key, value in pairs if isinstance(key, str)}
    return made if len(made) == len(pairs) else [{"key": key, "value": value} for key, value in pairs]

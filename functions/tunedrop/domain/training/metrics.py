"""The step-wise metrics that Bedrock writes as CSV: found by file name, read by header, one row at a time. Pure."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

MetricSplit = Literal["training", "validation"]

SUFFIXES: Mapping[MetricSplit, str] = {  # docs/facts.md#metrics-files
    "training": "step_wise_training_metrics.csv",
    "validation": "validation_metrics.csv",
}
_LOSS: Mapping[MetricSplit, str] = {"training": "training_loss", "validation": "validation_loss"}
CHUNK = 1_000
"""Points per table row: about 60 KB of the 400 KB that an item may have (docs/facts.md#dynamodb)."""
_COUNTS_END = 1e15  # below 2**53, so a step read as a float is exact
_LARGEST, _SMALLEST = 1e125, 1e-125  # within the range of DynamoDB's numbers (docs/facts.md#dynamodb)


class UnreadableMetrics(Exception):
    """The file is not CSV, or lacks a required column."""


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One row of a metrics file. A value that is missing or not a finite number is None."""

    step: int
    epoch: int | None
    loss: float | None
    perplexity: float | None


@dataclass(frozen=True, slots=True)
class MetricChunk:
    """Up to `CHUNK` points as one table row: a list per column."""

    number: int
    steps: Sequence[int]
    epochs: Sequence[int | None]
    losses: Sequence[float | None]
    perplexities: Sequence[float | None]

    def points(self) -> Iterator[MetricPoint]:
        """The points in order."""
        for values in zip(self.steps, self.epochs, self.losses, self.perplexities, strict=True):
            yield MetricPoint(*values)


def find(keys: Iterable[str]) -> Mapping[MetricSplit, str]:
    """The keys of the metrics files in a job's output, by split, in whatever folder (docs/facts.md#metrics-files)."""
    listed = sorted(keys)
    found: dict[MetricSplit, str] = {}
    for split, suffix in SUFFIXES.items():
        named = [key for key in listed if key.rsplit("/", 1)[-1] == suffix]
        if named:
            found[split] = named[0]
    return found


def parse(lines: Iterable[str], split: MetricSplit) -> Iterator[MetricPoint]:
    """The points in file order, without rows that have no step. Raises UnreadableMetrics."""
    rows = csv.reader((line.replace("\0", "") for line in lines), skipinitialspace=True)
    try:
        header = [name.strip().lstrip("\ufeff").lower() for name in next(rows, [])]
        columns = {name: index for index, name in enumerate(header)}
        missing = {"step_number", _LOSS[split]} - set(columns)
        if missing:
            raise UnreadableMetrics(f"no column {', '.join(sorted(missing))} among {len(header)} columns")
        points = (_point(row, columns, _LOSS[split]) for row in rows)
        yield from (point for point in points if point)
    except csv.Error as error:
        raise UnreadableMetrics(f"line {rows.line_num}: {error}") from error


def chunks(points: Iterable[MetricPoint]) -> Iterator[MetricChunk]:
    """The points in chunks for table rows. All but the last are full, so a point's index gives its chunk."""
    remaining = iter(points)
    number = 0
    while part := list(islice(remaining, CHUNK)):
        yield MetricChunk(
            number,
            [point.step for point in part],
            [point.epoch for point in part],
            [point.loss for point in part],
            [point.perplexity for point in part],
        )
        number += 1


def _point(row: list[str], columns: Mapping[str, int], loss: str) -> MetricPoint | None:
    texts = {name: row[index] for name, index in columns.items() if index < len(row)}
    step = _count(texts.get("step_number", ""))
    if step is None:
        return None
    epoch = _count(texts.get("epoch_number", ""))
    return MetricPoint(step, epoch, _number(texts.get(loss, "")), _number(texts.get("perplexity", "")))


def _count(text: str) -> int | None:
    value = _number(text)
    return int(value) if value is not None and 0 <= value < _COUNTS_END else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or abs(value) > _LARGEST:
        return None
    return 0.0 if abs(value) < _SMALLEST else value

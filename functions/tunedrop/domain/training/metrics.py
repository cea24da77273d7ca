"""The step-wise metrics that Bedrock writes as CSV: found by suffix, read by header, one row at a time. Pure."""

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
"""Points of one row: about 60 KB of the 400 KB that an item may have (docs/facts.md#dynamodb)."""
_COUNTS_END = 1e15
_LARGEST, _SMALLEST = 1e125, 1e-125  # DynamoDB's numbers reach no further (docs/facts.md#dynamodb)


class UnreadableMetrics(Exception):
    """The file has not the columns that its kind needs."""


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One row. A value that is no finite number is None."""

    step: int
    epoch: int | None
    loss: float | None
    perplexity: float | None


@dataclass(frozen=True, slots=True)
class MetricChunk:
    """Up to `CHUNK` points in a row's form: one list per column."""

    number: int
    steps: Sequence[int]
    epochs: Sequence[int | None]
    losses: Sequence[float | None]
    perplexities: Sequence[float | None]

    def points(self) -> Iterator[MetricPoint]:
        """The points in their order."""
        for values in zip(self.steps, self.epochs, self.losses, self.perplexities, strict=True):
            yield MetricPoint(*values)


def find(keys: Iterable[str]) -> Mapping[MetricSplit, str]:
    """The metrics files among the keys of a job's output, whatever folders they stand in."""
    listed = sorted(keys)
    found: dict[MetricSplit, str] = {}
    for split, suffix in SUFFIXES.items():
        named = [key for key in listed if key.rsplit("/", 1)[-1] == suffix]
        if named:
            found[split] = named[0]
    return found


def parse(lines: Iterable[str], split: MetricSplit) -> Iterator[MetricPoint]:
    """Points in file order, rows without a step left out. Raises UnreadableMetrics: no CSV, or a column is missing."""
    rows = csv.reader((line.replace("\0", "") for line in lines), skipinitialspace=True)
    try:
        header = [name.strip().lstrip("\ufeff").lower() for name in next(rows, [])]
        columns = {name: index for index, name in enumerate(header)}
        missing = {"step_number", _LOSS[split]} - set(columns)
        if missing:
            raise UnreadableMetrics(
                f"no column {', '.join(sorted(missing))} in: {', '.join(header)[:200] or '(empty)'}"
            )
        points = (_point(row, columns, _LOSS[split]) for row in rows)
        yield from (point for point in points if point)
    except csv.Error as error:
        raise UnreadableMetrics(f"line {rows.line_num}: {error}") from error


def chunks(points: Iterable[MetricPoint]) -> Iterator[MetricChunk]:
    """The points as rows hold them, all but the last one full: the place of a point follows from its number."""
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

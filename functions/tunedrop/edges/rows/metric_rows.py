"""A job's metrics, by split and in chunks of points, as rows of StateTable."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from tunedrop.domain.training.metrics import CHUNK, MetricChunk, MetricPoint, MetricSplit
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key

SCHEMA = 1
_COLUMNS = ("step", "epoch", "loss", "perplexity")


def put_chunks(table: Table, job_id: str, split: MetricSplit, chunks: Iterator[MetricChunk]) -> float | None:
    """Store the points, the same ones again without effect; returns the last loss."""
    last = None
    for chunk in chunks:
        table.put_many([_chunk_row(job_id, split, chunk)])
        last = next((loss for loss in reversed(chunk.losses) if loss is not None), last)
    return last


def load_chunk(table: Table, job_id: str, split: MetricSplit, number: int) -> MetricChunk | None:
    """Points `number * CHUNK` and following."""
    row = table.get(_chunk_key(job_id, split, number))
    if row is None:
        return None
    return MetricChunk(number, *(msgspec.json.decode(row[column]) for column in _COLUMNS))


def load_points(table: Table, job_id: str, split: MetricSplit, total: int) -> list[MetricPoint]:
    """All points, of which there are `total`."""
    chunks = (load_chunk(table, job_id, split, number) for number in range(-(-total // CHUNK)))
    return [point for chunk in chunks if chunk for point in chunk.points()]


def _chunk_row(job_id: str, split: MetricSplit, chunk: MetricChunk) -> Row:
    """Each column as one JSON text: a tenth of the work, and of the item, that a list of numbers takes."""
    columns = (chunk.steps, chunk.epochs, chunk.losses, chunk.perplexities)
    texts = (json.dumps(values, separators=(",", ":"), allow_nan=False) for values in columns)
    return stored.to_row(_chunk_key(job_id, split, chunk.number), SCHEMA, **dict(zip(_COLUMNS, texts, strict=True)))


def _chunk_key(job_id: str, split: MetricSplit, number: int) -> Key:
    return Key(f"JOB#{job_id}", f"METRICS#{split}#{number:06d}")

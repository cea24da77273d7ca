"""Jobs, their name pointers, open work, slots and metrics as rows of StateTable."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import MetricChunk, MetricSplit
from tunedrop.edges.rows import moments, stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Delete, Key, Put, Update

SCHEMA = 1
KIND = "job"
RUNNING = Key("SLOTS", "JOBS")
_COLUMNS = ("step", "epoch", "loss", "perplexity")


def load(table: Table, job_id: str) -> Job | None:
    """The job of that id."""
    row = table.get(_key(job_id))
    return job_from(row) if row else None


def find(table: Table, name: str) -> Job | None:
    """The job that this stack started under a Bedrock name; None for foreign names."""
    row = table.get(_name_key(name))
    return load(table, row["job_id"]) if row else None


def put_job(job: Job) -> Put:
    """Write the job over the revision that was read; revision 0 is a new one."""
    condition: ConditionBase = Attr("revision").eq(job.revision) if job.revision else Attr("pk").not_exists()
    listed = f"{moments.to_text(job.created_at)}#{job.id}"
    row = stored.to_row(_key(job.id), SCHEMA, job, kind=KIND, listed_at=listed, revision=job.revision + 1)
    return Put(stored.known(row), condition)


def count_metrics_try(job: Job) -> Update:
    """A try to store the metrics begins; refused where the job was changed since it was read."""
    return Update(_key(job.id), add={"metrics_tries": 1, "revision": 1}, when=Attr("revision").eq(job.revision))


def put_name(job: Job) -> Put:
    """Let the events of Bedrock find the job."""
    return Put(stored.to_row(_name_key(job.name), SCHEMA, job_id=job.id), Attr("pk").not_exists())


def open_work(job: Job) -> Put:
    """Let reconcile find the job until it has ended."""
    return Put(stored.to_row(_open_key(job), SCHEMA, job_id=job.id))


def close_work(job: Job) -> Delete:
    """Nothing is left to do for the job."""
    return Delete(_open_key(job))


def take_slot(job: Job, most: int) -> Update:
    """Hold one of the stack's running jobs; refused when `most` hold one. Holding twice is holding once."""
    holders = Attr("holders")
    return Update(
        RUNNING,
        set={"schema": SCHEMA},
        add={"holders": frozenset({job.id})},
        when=holders.not_exists() | holders.size().lt(most) | holders.contains(job.id),
    )


def give_slot(job: Job) -> Update:
    """Let the slot go, held or not."""
    return Update(RUNNING, discard={"holders": frozenset({job.id})})


def put_chunks(
    table: Table, job_id: str, split: MetricSplit, chunks: Iterator[MetricChunk]
) -> tuple[int, float | None]:
    """Store the points, the same ones again without effect; returns how many and the last loss."""
    count, last = 0, None
    for chunk in chunks:
        table.put_many([_chunk_row(job_id, split, chunk)])
        count += len(chunk.steps)
        last = next((loss for loss in reversed(chunk.losses) if loss is not None), last)
    return count, last


def load_chunk(table: Table, job_id: str, split: MetricSplit, number: int) -> MetricChunk | None:
    """Points `number * CHUNK` and following."""
    row = table.get(_chunk_key(job_id, split, number))
    if row is None:
        return None
    return MetricChunk(number, *(msgspec.json.decode(row[column]) for column in _COLUMNS))


def job_from(row: Row) -> Job:
    """A job row as a job; what the row lacks is as in a new job."""
    return stored.from_row(Job, row)


def _chunk_row(job_id: str, split: MetricSplit, chunk: MetricChunk) -> Row:
    """Each column as one JSON text: a tenth of the work, and of the item, that a list of numbers takes."""
    columns = (chunk.steps, chunk.epochs, chunk.losses, chunk.perplexities)
    texts = (json.dumps(values, separators=(",", ":"), allow_nan=False) for values in columns)
    return stored.to_row(_chunk_key(job_id, split, chunk.number), SCHEMA, **dict(zip(_COLUMNS, texts, strict=True)))


def _key(job_id: str) -> Key:
    return Key(f"JOB#{job_id}", "JOB")


def _name_key(name: str) -> Key:
    return Key(f"NAME#{name}", "JOB")


def _open_key(job: Job) -> Key:
    return Key("OPEN", f"JOB#{job.id}")


def _chunk_key(job_id: str, split: MetricSplit, number: int) -> Key:
    return Key(f"JOB#{job_id}", f"METRICS#{split}#{number:06d}")

"""Jobs, their name pointers, open work, slots and metrics as rows of StateTable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import DeploymentWish, Job, TimelineEntry, TrainedOn
from tunedrop.domain.training.metrics import MetricChunk, MetricSplit
from tunedrop.edges.rows import moments
from tunedrop.edges.rows.attributes import Row, build, known
from tunedrop.edges.rows.table import Delete, Key, Put, Table, Update

SCHEMA = 1
KIND = "job"
RUNNING = Key("SLOTS", "JOBS")
_TIMES = ("created_at", "data_asked_at", "attempted_at", "parked_at", "started_at", "ended_at")
_BUILT = {"splits", "deployment", "refusal", "timeline", "announced", "revision"}
_PLAIN = tuple(field.name for field in fields(Job) if field.name not in {*_TIMES, *_BUILT})
_COLUMNS = ("step", "epoch", "loss", "perplexity")


def load(table: Table, job_id: str) -> Job | None:
    """The job of that id."""
    row = table.get(_key(job_id))
    return job_from(row) if row else None


def find(table: Table, name: str) -> Job | None:
    """The job that this stack started under a Bedrock name; None for foreign names."""
    row = table.get(Key(f"NAME#{name}", "JOB"))
    return load(table, row["job_id"]) if row else None


def put_job(job: Job) -> Put:
    """Write the job over the revision that was read; revision 0 is a new one."""
    condition: ConditionBase = Attr("revision").eq(job.revision) if job.revision else Attr("pk").not_exists()
    return Put(_row(job), condition)


def count_metrics_try(job: Job) -> Update:
    """A try to store the metrics begins; refused where the job was changed since it was read."""
    return Update(_key(job.id), add={"metrics_tries": 1, "revision": 1}, when=Attr("revision").eq(job.revision))


def put_name(job: Job) -> Put:
    """Let the events of Bedrock find the job."""
    row = {"pk": f"NAME#{job.name}", "sk": "JOB", "schema": SCHEMA, "job_id": job.id}
    return Put(row, Attr("pk").not_exists())


def open_work(job: Job) -> Put:
    """Let reconcile find the job until it has ended."""
    return Put({"pk": "OPEN", "sk": f"JOB#{job.id}", "schema": SCHEMA, "job_id": job.id})


def close_work(job: Job) -> Delete:
    """Nothing is left to do for the job."""
    return Delete(Key("OPEN", f"JOB#{job.id}"))


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
    row = table.get(Key(f"JOB#{job_id}", _chunk_sort_key(split, number)))
    if row is None:
        return None
    return MetricChunk(number, *(json.loads(row[column]) for column in _COLUMNS))


def _chunk_sort_key(split: MetricSplit, number: int) -> str:
    return f"METRICS#{split}#{number:06d}"


def _chunk_row(job_id: str, split: MetricSplit, chunk: MetricChunk) -> dict[str, Any]:
    """Each column as one JSON text: a tenth of the work, and of the item, that a list of numbers takes."""
    columns = (chunk.steps, chunk.epochs, chunk.losses, chunk.perplexities)
    texts = (json.dumps(values, separators=(",", ":"), allow_nan=False) for values in columns)
    key = {"pk": f"JOB#{job_id}", "sk": _chunk_sort_key(split, chunk.number), "schema": SCHEMA}
    return {**key, **dict(zip(_COLUMNS, texts, strict=True))}


def _key(job_id: str) -> Key:
    return Key(f"JOB#{job_id}", "JOB")


def _row(job: Job) -> dict[str, Any]:
    key = _key(job.id)
    listed = f"{moments.to_text(job.created_at)}#{job.id}"
    row = {"pk": key.pk, "sk": key.sk, "schema": SCHEMA, "kind": KIND, "listed_at": listed}
    row |= {name: getattr(job, name) for name in _PLAIN}
    row |= {name: moments.to_text(getattr(job, name)) for name in _TIMES}
    row |= {
        "splits": {name: asdict(split) for name, split in job.splits.items()} if job.splits else None,
        "deployment": job.deployment and asdict(job.deployment),
        "refusal": job.refusal and asdict(job.refusal),
        "timeline": [_timeline_row(entry) for entry in job.timeline],
        "announced": list(job.announced),
        "revision": job.revision + 1,
    }
    return known(row)


def _timeline_row(entry: TimelineEntry) -> dict[str, Any]:
    time = moments.to_text(entry.time)
    return {"time": time, "status": entry.status, "source": entry.source, "note": entry.note}


def job_from(row: Row) -> Job:
    """A job row as a job; what the row lacks is as in a new job."""
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN if name in row}
    times: dict[str, Any] = {name: moments.from_text(row[name]) for name in _TIMES if name in row}
    wish, refusal, splits = row.get("deployment"), row.get("refusal"), row.get("splits")
    return Job(
        **plain,
        **times,
        splits={name: build(TrainedOn, split) for name, split in splits.items()} if splits else None,
        deployment=build(DeploymentWish, wish) if wish else None,
        refusal=build(Refusal, refusal) if refusal else None,
        timeline=tuple(
            TimelineEntry(moments.from_text(entry["time"]), entry["status"], entry["source"], entry.get("note", ""))
            for entry in row.get("timeline", ())
        ),
        announced=tuple(row.get("announced", ())),
        revision=row["revision"],
    )

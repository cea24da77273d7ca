"""Jobs, their name pointers, open work, slots and metrics as rows of StateTable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.edges import moments
from tunedrop.edges.attributes import Row, known
from tunedrop.edges.table import Delete, Key, Put, Table, Update
from tunedrop.training.jobs import DeploymentWish, Job, TimelineEntry, TrainedOn
from tunedrop.training.metrics import MetricChunk, MetricSplit
from tunedrop.training.refusals import Refusal

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
    row = table.get(Key(f"NAME#{name}", "JOB"))
    return load(table, row["job_id"]) if row else None


def put_job(job: Job) -> Put:
    """Write the job over the revision that was read; revision 0 is a new one."""
    condition: ConditionBase = Attr("revision").eq(job.revision) if job.revision else Attr("pk").not_exists()
    return Put(_row(job), condition)


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
    created = moments.to_text(job.created_at)
    wish, refusal = job.deployment, job.refusal
    row = {
        "pk": key.pk,
        "sk": key.sk,
        "schema": SCHEMA,
        "kind": KIND,
        "listed_at": f"{created}#{job.id}",
        "id": job.id,
        "dataset": job.dataset,
        "version": job.version,
        "base_model": job.base_model,
        "hyperparameters": job.hyperparameters,
        "status": job.status,
        "intent_id": job.intent_id,
        "token": job.token,
        "name": job.name,
        "owner": job.owner,
        "requested_by": job.requested_by,
        "created_at": created,
        "request": job.request,
        "splits": {name: _split_row(split) for name, split in job.splits.items()},
        "trained_tokens": job.trained_tokens,
        "steps": job.steps,
        "cost": job.cost,
        "deployment": _wish_row(wish) if wish else None,
        "deployment_generation": job.deployment_generation,
        "arn": job.arn,
        "model_arn": job.model_arn,
        "failure": job.failure,
        "stop_requested": job.stop_requested,
        "attempts": job.attempts,
        "attempted_at": moments.to_text(job.attempted_at),
        "refusal": {"kind": refusal.kind, "code": refusal.code, "message": refusal.message} if refusal else None,
        "parked_at": moments.to_text(job.parked_at),
        "started_at": moments.to_text(job.started_at),
        "ended_at": moments.to_text(job.ended_at),
        "timeline": [_timeline_row(entry) for entry in job.timeline],
        "final_losses": job.final_losses,
        "metric_counts": job.metric_counts,
        "metric_files": job.metric_files,
        "announced": list(job.announced),
        "revision": job.revision + 1,
    }
    return known(row)


def _split_row(split: TrainedOn) -> dict[str, Any]:
    return {name: getattr(split, name) for name in ("key", "version_id", "sha256", "bytes", "records")}


def _wish_row(wish: DeploymentWish) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in ("name", "serving", "model_units", "hours")}


def _timeline_row(entry: TimelineEntry) -> dict[str, Any]:
    time = moments.to_text(entry.time)
    return {"time": time, "status": entry.status, "source": entry.source, "note": entry.note}


def job_from(row: Row) -> Job:
    """A job row as a job."""
    wish, refusal = row.get("deployment"), row.get("refusal")
    return Job(
        id=row["id"],
        dataset=row["dataset"],
        version=row["version"],
        base_model=row["base_model"],
        hyperparameters=row["hyperparameters"],
        status=row["status"],
        intent_id=row["intent_id"],
        token=row["token"],
        name=row["name"],
        owner=row["owner"],
        requested_by=row["requested_by"],
        created_at=moments.from_text(row["created_at"]),
        request=row["request"],
        splits={name: TrainedOn(**split) for name, split in row["splits"].items()},
        trained_tokens=row["trained_tokens"],
        steps=row["steps"],
        cost=row["cost"],
        deployment=DeploymentWish(**wish) if wish else None,
        deployment_generation=row.get("deployment_generation"),
        arn=row.get("arn"),
        model_arn=row.get("model_arn"),
        failure=row.get("failure"),
        stop_requested=row.get("stop_requested", False),
        attempts=row.get("attempts", 0),
        attempted_at=moments.from_text(row.get("attempted_at")),
        refusal=Refusal(refusal["kind"], refusal["code"], refusal["message"]) if refusal else None,
        parked_at=moments.from_text(row.get("parked_at")),
        started_at=moments.from_text(row.get("started_at")),
        ended_at=moments.from_text(row.get("ended_at")),
        timeline=tuple(
            TimelineEntry(moments.from_text(entry["time"]), entry["status"], entry["source"], entry.get("note", ""))
            for entry in row.get("timeline", ())
        ),
        final_losses=row.get("final_losses") or {},
        metric_counts=row.get("metric_counts") or {},
        metric_files=row.get("metric_files") or {},
        announced=tuple(row.get("announced", ())),
        revision=row["revision"],
    )

"""Jobs, their name pointers and open work as rows of StateTable."""

from __future__ import annotations

from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.domain.training.job_filter import JobFilter
from tunedrop.domain.training.job_queue import InLine
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.start_times import in_line_since
from tunedrop.edges.rows import cursors, moments, stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import FIRST, LAST, Page, Table
from tunedrop.edges.rows.writes import Delete, Key, Put, Require, Update

SCHEMA = 1
KIND = "job"


def load(table: Table, job_id: str) -> Job | None:
    """The job of that id."""
    row = table.get(_key(job_id))
    return job_from(row) if row else None


def find(table: Table, name: str) -> Job | None:
    """The job that this stack started under a Bedrock name; None for foreign names."""
    row = table.get(_name_key(name))
    return load(table, row["job_id"]) if row else None


def listing(table: Table, wanted: JobFilter, *, limit: int | None, cursor: str | None) -> Page:
    """Rows of jobs that were created when the filter says, newest first; what else it asks for is the caller's."""
    since, until = moments.to_text(wanted.created_after), moments.to_text(wanted.created_before)
    if since and until and since >= until:  # DynamoDB refuses a range whose ends are the wrong way round
        return Page((), None)
    return table.listing(KIND, limit=limit, cursor=cursor, since=since or FIRST, until=until or LAST)


def cursor_after(row: Row) -> str:
    """The cursor of a listing that goes on after this row."""
    return cursors.after(row, "kind", "listed_at", "pk", "sk")


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
    """Let reconcile find the job until it has ended, and others its place in line."""
    since = moments.to_text(in_line_since(job))
    return Put(stored.known(stored.to_row(_open_key(job), SCHEMA, job_id=job.id, in_line_since=since)))


def line(table: Table) -> tuple[InLine, ...]:
    """The jobs that want to start, in no order. One that release 0.1.0 wrote last may be missing, or have gone on."""
    rows = table.query("OPEN", "JOB#").rows
    return tuple(
        InLine(datetime.fromisoformat(row["in_line_since"]), row["job_id"]) for row in rows if "in_line_since" in row
    )


def keeps_model(job_id: str) -> Require:
    """Condition of writes beside it: the job's custom model is not being deleted."""
    asked = Attr("model_deletion")
    return Require(_key(job_id), asked.not_exists() | Attr("model_deletion.refusal").attribute_type("M"))


def close_work(job: Job) -> Delete:
    """Nothing is left to do for the job."""
    return Delete(_open_key(job))


def job_from(row: Row) -> Job:
    """A job row as a job; what the row lacks is as in a new job."""
    return stored.from_row(Job, row)


def _key(job_id: str) -> Key:
    return Key(f"JOB#{job_id}", "JOB")


def _name_key(name: str) -> Key:
    return Key(f"NAME#{name}", "JOB")


def _open_key(job: Job) -> Key:
    return Key("OPEN", f"JOB#{job.id}")

"""The one row by which a dataset starts at most one job by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tunedrop.edges.rows import stored
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Put, Update

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """Which version came first, the id of its job, and, where that was refused, why."""

    dataset: str
    version: int
    job_id: str
    code: str | None = None
    message: str = ""
    plan_id: str | None = None


def claim(table: Table, dataset: str, version: int, job_id: str, now: datetime) -> Claim:
    """Claim the dataset's one job for a version; returns the claim that stands, of whichever version came first."""
    row = stored.to_row(_key(dataset), SCHEMA, version=version, job_id=job_id, claimed_at=now)
    standing = table.put(Put(row, Attr("pk").not_exists())).row or row
    return stored.from_row(Claim, {"dataset": dataset, **standing})


def refuse(table: Table, refused: Claim) -> None:
    """Write why there is no job: what was told once stays true when the version's message comes again."""
    words = {"code": refused.code, "message": refused.message, "plan_id": refused.plan_id}
    table.update(Update(_key(refused.dataset), set=words, when=Attr("job_id").eq(refused.job_id)))


def _key(dataset: str) -> Key:
    return Key(f"DATASET#{dataset}", "ON_ACCEPT")

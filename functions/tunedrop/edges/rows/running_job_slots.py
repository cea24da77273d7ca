"""The slots that running jobs hold, at most MaxConcurrentJobs of them, in one row of StateTable."""

from __future__ import annotations

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.training.job_states import Job
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Update

SCHEMA = 1
KEY = Key("SLOTS", "JOBS")


def taken(table: Table) -> frozenset[str]:
    """The ids of the jobs that hold a slot now."""
    holders: frozenset[str] = (table.get(KEY) or {}).get("holders", frozenset())
    return holders


def take(job: Job, most: int) -> Update:
    """Hold one of the stack's running jobs; refused when `most` hold one. Holding twice is holding once."""
    holders = Attr("holders")
    return Update(
        KEY,
        set={"schema": SCHEMA},
        add={"holders": frozenset({job.id})},
        when=holders.not_exists() | holders.size().lt(most) | holders.contains(job.id),
    )


def give_back(job: Job) -> Update:
    """Let the slot go, held or not."""
    return Update(KEY, discard={"holders": frozenset({job.id})})

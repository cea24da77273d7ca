"""Evaluations as rows of StateTable: the row that says how far one is, and beside it the counter of its calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.edges.rows import moments, stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Page, Table
from tunedrop.edges.rows.writes import Delete, Key, Put, Update

SCHEMA = 1
KIND = "evaluation"
OPEN = "EVALUATING"
"""Where evaluations stand until their end was told; release 0.1.0 takes every row under `OPEN` for a purchase."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many calls were reserved and answered, and when that last changed."""

    calls: int = 0
    answered: int = 0
    under_way: int = 0
    """Reserved by visits that have not ended, as far as they can tell: not those that crashed."""
    changed_at: datetime | None = None


def load(table: Table, evaluation_id: str) -> Evaluation | None:
    """The evaluation of that id."""
    row = table.get(_key(evaluation_id))
    return evaluation_from(row) if row else None


def progress(table: Table, evaluation_id: str) -> Progress:
    """How far its calls are."""
    row = table.get(_calls_key(evaluation_id))
    return stored.from_row(Progress, row) if row else Progress()


def listing(table: Table, *, limit: int, cursor: str | None) -> Page:
    """Rows of evaluations, newest first."""
    return table.listing(KIND, limit=limit, cursor=cursor)


def standing(table: Table) -> tuple[Evaluation, ...]:
    """Evaluations whose end was not told yet. Raises UnreadableRow."""
    found = (load(table, evaluation_id) for evaluation_id in standing_ids(table))
    return tuple(evaluation for evaluation in found if evaluation)


def standing_ids(table: Table) -> Iterator[str]:
    """The same by their ids, so that one that can't be read hides no other."""
    return (row["evaluation_id"] for row in table.query(OPEN).rows)


def put(evaluation: Evaluation) -> Put:
    """Write the evaluation over the revision that was read; revision 0 is a new one."""
    condition: ConditionBase = (
        Attr("revision").eq(evaluation.revision) if evaluation.revision else Attr("pk").not_exists()
    )
    listed = f"{moments.to_text(evaluation.created_at)}#{evaluation.id}"
    row = stored.to_row(
        _key(evaluation.id), SCHEMA, evaluation, kind=KIND, listed_at=listed, revision=evaluation.revision + 1
    )
    return Put(stored.known(row), condition)


def open_work(evaluation: Evaluation) -> Put:
    """Let reconcile find the evaluation until its end was told."""
    return Put(stored.to_row(_open_key(evaluation), SCHEMA, evaluation_id=evaluation.id))


def close_work(evaluation: Evaluation) -> Delete:
    """Nothing is left to do for the evaluation."""
    return Delete(_open_key(evaluation))


def reserve_calls(evaluation: Evaluation, calls: int, now: datetime) -> Update:
    """Take so many calls before they are made; refused where they would be more than the evaluation may make."""
    taken = Attr("calls")
    return Update(
        _calls_key(evaluation.id),
        set={"schema": SCHEMA, "changed_at": now},
        add={"calls": calls, "under_way": calls},
        when=Attr("closed").not_exists() & (taken.not_exists() | taken.lte(evaluation.most_calls - calls)),
    )


def return_calls(evaluation_id: str, calls: int, *, answers: int, unmade: int, now: datetime) -> Update:
    """A visit's calls are over: so many answers were stored, and so many calls were refused before they cost anything.

    Answers are counted for people to watch; what is stored in S3 decides.
    """
    changes = {"answered": answers, "under_way": -calls, "calls": -unmade}
    return Update(_calls_key(evaluation_id), set={"changed_at": now}, add=changes)


def close_calls(evaluation_id: str, *, settled: bool) -> Update:
    """Let no call begin any more; refused while some are under way, unless nothing has moved for long."""
    none = Attr("under_way").not_exists() | Attr("under_way").lte(0)
    values = {"schema": SCHEMA, "closed": True}
    return Update(_calls_key(evaluation_id), set=values, when=None if settled else none)


def evaluation_from(row: Row) -> Evaluation:
    """An evaluation's row as an evaluation; what the row lacks is as in a new one."""
    return stored.from_row(Evaluation, row)


def _key(evaluation_id: str) -> Key:
    return Key(f"EVALUATION#{evaluation_id}", "EVALUATION")


def _calls_key(evaluation_id: str) -> Key:
    return Key(f"EVALUATION#{evaluation_id}", "CALLS")


def _open_key(evaluation: Evaluation) -> Key:
    return Key(OPEN, evaluation.id)

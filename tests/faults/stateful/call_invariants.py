"""What must hold of those who call: nobody is cut off, neither by a release nor for want of calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.faults.stateful.program import Program
from tests.faults.stateful.reached import NOBODY

LONGEST_CALL = timedelta(minutes=5)


def calls_are_answered(program: Program) -> Iterator[str]:
    """I23: what took a call before its release is deleted only once that must be over, or its end has come."""
    deleted = {f"arn:{each.arn}": each.at for each in program.history.touched if each.operation.startswith("Delete")}
    for row in program.purchases():
        at = deleted.get(_text(row, "arn") or "")
        began, ends_at = _moment(row, "releasing_at"), _moment(row, "expires_at")
        if at is None or began is None or _text(row, "failure") or _moment(row, "ready_at") is None:
            continue
        if ends_at and ends_at <= at:
            continue
        for call in program.history.calls:
            if call.deployment == row["deployment"].value and at - LONGEST_CALL < call.at <= began:
                yield f"{call.deployment} was called at {call.at}, and its capacity deleted at {at}"


def idle_is_idle(program: Program) -> Iterator[str]:
    """I24: what is released because nobody called it was not called for so long."""
    for row in program.purchases():
        began = _moment(row, "releasing_at")
        if began is None or not (_text(row, "release_requested") or "").startswith(NOBODY):
            continue
        since = began - timedelta(minutes=int(row["idle_minutes"].value))
        for call in program.history.calls:
            if call.deployment == row["deployment"].value and since < call.at <= began:
                yield f"{call.deployment} was called at {call.at}, and released at {began} as idle"


def no_model_is_deleted_that_serves(program: Program) -> Iterator[str]:
    """I25: no custom model is sent to its deletion while capacity of this stack serves it."""
    for touched in program.history.touched:
        if touched.operation == "DeleteCustomModel" and touched.serves:
            yield f"{touched.arn} was deleted at {touched.at}, and served"


def _text(row: Mapping[str, Any], name: str) -> str | None:
    return row[name].value if name in row else None


def _moment(row: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(row, name)
    return datetime.fromisoformat(text) if text else None

"""Writers that meet on a row: only conflicts are tried again, and not for ever."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tunedrop.edges.rows import conflicts


def cancelled(*reasons):
    answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": r} for r in reasons]}
    return ClientError(answer, "TransactWriteItems")


CONFLICT = cancelled("None", "TransactionConflict")
MET = ClientError({"Error": {"Code": "TransactionConflictException"}}, "UpdateItem")


class Rivals:
    """Fails with these faults, one after the other, then answers."""

    def __init__(self, *faults) -> None:
        self.faults = list(faults)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return "done"


@pytest.mark.parametrize("fault", [CONFLICT, MET])
def test_a_writer_that_met_another_tries_again(fault):
    call = Rivals(fault, fault)
    assert conflicts.retried(call) == "done"
    assert call.calls == 3


def test_after_some_tries_the_conflict_rises():
    call = Rivals(*[CONFLICT] * 9)
    with pytest.raises(ClientError, match="TransactionCanceled"):
        conflicts.retried(call)
    assert call.calls == conflicts.MOST_TRIES


@pytest.mark.parametrize(
    "fault",
    [cancelled("ConditionalCheckFailed", "TransactionConflict"), cancelled("ConditionalCheckFailed"), cancelled()],
)
def test_a_refused_condition_is_an_answer_and_no_conflict(fault):
    call = Rivals(fault)
    with pytest.raises(ClientError):
        conflicts.retried(call)
    assert call.calls == 1


def test_pauses_grow_and_end():
    pauses = list(conflicts.pauses())
    assert len(pauses) == conflicts.MOST_TRIES - 1
    for number, pause in enumerate(pauses):
        longest = conflicts.FIRST_PAUSE_SECONDS * 2**number
        assert longest / 2 <= pause <= longest

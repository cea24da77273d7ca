"""What must hold, as data: each invariant reads histories and the simulator's ledger, and yields what breaks it.

`ALWAYS` is looked at after every step, `AT_REST` once everything that was under way has come to its end. `RESTORED` is
what still holds once the tables were put back to an earlier time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.faults.stateful import call_invariants, data_invariants, job_invariants, money_invariants
from tests.faults.stateful.history import is_wait
from tests.faults.stateful.job_invariants import ENDED, TERMINAL
from tests.faults.stateful.program import Program

Invariant = Callable[[Program], Iterator[str]]


def fails_only_when_struck(program: Program) -> Iterator[str]:
    """I11: nothing fails, and nobody is answered 5xx, unless a fault struck it or it only has to wait."""
    for delivered in program.history.deliveries:
        if delivered.fault is not None and not delivered.struck and not is_wait(delivered.fault):
            yield f"{delivered.what} {delivered.body} failed: {delivered.fault!r}"
    for asked in program.history.requests:
        if (asked.status >= 500 or asked.status == 0) and not asked.struck:
            yield f"{asked.method} {asked.path} {asked.body}: {asked.status} {asked.answer}"


def plans_change_nothing(program: Program) -> Iterator[str]:
    """I17: a plan leaves every row as it was."""
    yield from ("a plan changed a row" for before, after in program.history.plans if before != after)


def nothing_is_lost(program: Program) -> Iterator[str]:
    """I9: every accepted job has ended and was told, every upload has its outcome, and nothing waits any more."""
    told = {each.detail["job_id"] for each in program.history.published if each.type in TERMINAL}
    for job in program.history.jobs():
        status = program.history.statuses[job][-1]
        if status not in ENDED or job not in told:
            yield f"job {job} is {status}, its end {'told' if job in told else 'not told'}"
    for job in program.bedrock_jobs():
        ours = program.history.statuses[program.tags(job.arn)["tunedrop:job"]][-1]
        if ours != job.status:
            yield f"job {job.name} is {job.status} in Bedrock, and {ours} here"
    for row in program.rows():
        if row["sk"].value.startswith("UPLOAD#") and row["status"].value == "processing":
            yield f"{row['sk'].value} has no outcome"
    yield from (f"{message.queue}: {message.body} is still there" for message in program.queues.waiting)


ALWAYS: tuple[Invariant, ...] = (
    money_invariants.bought_once,
    money_invariants.recorded_before_sent,
    money_invariants.braked_before_sent,
    money_invariants.braked_while_it_bills,
    money_invariants.nothing_committed,
    money_invariants.caps_hold,
    money_invariants.released_in_time,
    money_invariants.ended_by_its_brake,
    money_invariants.serves_what_it_says,
    money_invariants.nothing_is_bought_late,
    money_invariants.releases_are_kept,
    money_invariants.nothing_foreign_is_touched,
    money_invariants.within_the_budget,
    call_invariants.calls_are_answered,
    call_invariants.idle_is_idle,
    call_invariants.no_model_is_deleted_that_serves,
    job_invariants.one_job_for_a_request,
    job_invariants.one_job_by_itself,
    job_invariants.statuses_move_forward,
    job_invariants.trained_on_what_was_checked,
    job_invariants.one_end_is_told,
    job_invariants.nothing_starts_after_a_stop,
    job_invariants.deleted_data_is_not_trained_on,
    job_invariants.jobs_start_in_time,
    data_invariants.newer_versions_hold_newer_files,
    fails_only_when_struck,
    plans_change_nothing,
)
AT_REST: tuple[Invariant, ...] = (
    nothing_is_lost,
    data_invariants.newest_wins,
    data_invariants.erased_is_gone,
    money_invariants.books_agree,
    money_invariants.nothing_bills_for_good,
)
RESTORED: tuple[Invariant, ...] = (
    money_invariants.one_at_a_time,
    money_invariants.recorded_before_sent,
    money_invariants.braked_before_sent,
    money_invariants.nothing_committed,
    money_invariants.ended_by_its_brake,
    money_invariants.nothing_foreign_is_touched,
)
RESTORED_AT_REST: tuple[Invariant, ...] = (money_invariants.nothing_bills_for_good,)

"""The way of a job to Bedrock: monotone, and never two sends without a look in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tunedrop.errors import Conflict
from tunedrop.training import jobs, steps
from tunedrop.training.jobs import ENDED, Job, JobTruth
from tunedrop.training.refusals import Refusal

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDER = {"Requested": 1, "WaitingForCapacity": 1, "InProgress": 2, "Stopping": 3}
ARN = "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/base/abcdefghijkl"


def job(**changes) -> Job:
    made = Job(
        id="01hzz",
        dataset="support",
        version=1,
        base_model="claude-3-haiku",
        hyperparameters={},
        status="Requested",
        intent_id="01hzy",
        token="token",
        name="support-v1-0f1e2d3c-5b1d9e02",
        owner="team",
        requested_by="someone",
        created_at=NOW,
        request={},
        splits={},
        trained_tokens=1,
        steps=1,
        cost={},
    )
    return replace(made, **changes)


def truth(status="InProgress", **changes) -> JobTruth:
    ended = NOW if status in ENDED else None
    made = JobTruth(ARN, job().name, job().token, status, None, None, NOW, ended, None, None)
    return replace(made, **changes)


def test_a_new_job_is_sent_at_once():
    assert steps.next_step(job(), None, NOW) == steps.Send()


def test_after_an_attempt_bedrock_is_asked_first():
    assert steps.next_step(jobs.attempt(job(), NOW), None, NOW) == steps.Look()


def test_an_attempt_that_may_still_run_is_waited_for():
    attempted = jobs.attempt(job(), NOW)
    early = steps.next_step(attempted, steps.Seen(None), NOW + steps.LONG_SETTLE - timedelta(seconds=1))
    assert isinstance(early, steps.Wait)
    assert steps.next_step(attempted, steps.Seen(None), NOW + steps.LONG_SETTLE) == steps.Send()


def test_a_job_of_ours_is_adopted_and_one_of_another_token_never():
    attempted = jobs.attempt(job(), NOW)
    assert steps.next_step(attempted, steps.Seen(truth()), NOW) == steps.Adopt(truth())
    foreign = steps.next_step(attempted, steps.Seen(truth(token="theirs")), NOW)
    assert isinstance(foreign, steps.End)
    assert foreign.status == "Failed"


def test_a_job_whose_token_bedrock_does_not_show_is_nobodys_until_it_does():
    attempted = jobs.attempt(job(), NOW)
    hidden = steps.Seen(truth(token=None))
    assert isinstance(steps.next_step(attempted, hidden, NOW), steps.Wait)
    assert isinstance(steps.next_step(attempted, hidden, NOW + steps.LONG_SETTLE), steps.Raise)


def test_a_job_that_shows_up_in_bedrock_after_its_end_is_stopped_there_if_it_is_ours():
    ended = jobs.end(jobs.attempt(job(), NOW), "Stopped", None, NOW)
    assert steps.next_step(ended, None, NOW) == steps.Look()
    assert steps.next_step(ended, steps.Seen(truth()), NOW) == steps.Reclaim(ARN)
    for seen in (None, truth(token="theirs"), truth(token=None), truth("Completed")):
        assert isinstance(steps.next_step(ended, steps.Seen(seen), NOW), steps.Wait)
    assert isinstance(steps.next_step(jobs.reclaim(ended, ARN, NOW), None, NOW), steps.Wait)


def test_one_refused_send_is_a_definite_end_and_a_refused_second_send_is_not():
    once = jobs.refuse(jobs.attempt(job(), NOW), Refusal("refused", "ValidationException", "no"))
    assert steps.next_step(once, None, NOW) == steps.End("Failed", "ValidationException: no")
    twice = jobs.refuse(jobs.attempt(jobs.attempt(job(), NOW), NOW), Refusal("refused", "ValidationException", "no"))
    assert steps.next_step(twice, None, NOW) == steps.Look()
    assert steps.next_step(twice, steps.Seen(truth()), NOW) == steps.Adopt(truth())
    assert isinstance(steps.next_step(twice, steps.Seen(None), NOW), steps.Wait)


def test_no_room_parks_and_a_parked_job_does_not_try_again_at_once():
    refused = jobs.refuse(jobs.attempt(job(), NOW), Refusal("not_now", "ServiceQuotaExceededException", "full"))
    assert isinstance(steps.next_step(refused, None, NOW), steps.Park)
    parked = jobs.park(refused, "full", NOW)
    assert parked.status == "WaitingForCapacity"
    assert isinstance(steps.next_step(parked, None, NOW), steps.Wait)
    assert steps.next_step(parked, None, NOW + steps.PAUSE) == steps.Send()


def test_a_stop_ends_what_was_never_sent_and_is_passed_on_for_what_runs():
    assert steps.next_step(job(stop_requested=True), None, NOW) == steps.End("Stopped", None)
    running = jobs.adopt(job(stop_requested=True), ARN, "request", NOW)
    assert steps.next_step(running, None, NOW) == steps.Stop(ARN)


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_job_does_nothing_more(status):
    ended = jobs.follow(job(), truth(status), "event", NOW)
    assert ended.status == status
    assert isinstance(steps.next_step(replace(ended, stop_requested=True), None, NOW), steps.Wait)
    assert steps.due(ended) == {"check_job"}
    assert steps.due(replace(ended, announced=(status,))) == frozenset()


_STATUSES = st.sampled_from(["InProgress", "Stopping", "Completed", "Failed", "Stopped"])


@given(st.lists(_STATUSES, max_size=8))
def test_whatever_comes_in_whatever_order_a_job_never_moves_backwards(statuses):
    moved = job()
    for status in statuses:
        before, moved = moved, jobs.follow(moved, truth(status), "event", NOW)
        assert ORDER.get(moved.status, 4) >= ORDER.get(before.status, 4)
        if before.status in ENDED:
            assert moved == before
    reached = [entry.status for entry in moved.timeline]
    assert len(reached) == len(set(reached))


class Sends(RuleBasedStateMachine):
    """Bedrock may take, refuse or lose each send, and the process may die anywhere; the list tells what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.row = job()
        self.now = NOW
        self.there = False
        self.looked = True
        self.taken = 0

    @rule(
        outcome=st.sampled_from(["taken", "taken, no answer", "lost", "refused", "full"]),
        dies=st.booleans(),
        seconds=st.sampled_from([0, 1, 60, 119, 121, 3_600]),
    )
    def visit(self, outcome, dies, seconds):
        """A message arrives and is worked on until nothing is next."""
        self.now += timedelta(seconds=seconds)
        seen = None
        for _ in range(10):
            step = steps.next_step(self.row, seen, self.now)
            seen = None
            match step:
                case steps.Look():
                    seen, self.looked = steps.Seen(truth() if self.there else None), True
                case steps.Send():
                    self._send(outcome)
                    if dies:
                        return
                case steps.Adopt():
                    self.row = jobs.adopt(self.row, ARN, "request", self.now)
                case steps.Park(reason):
                    self.row = jobs.park(self.row, reason, self.now)
                case steps.End(status, failure):
                    self.row = jobs.end(self.row, status, failure, self.now)
                case _:
                    return
        raise AssertionError("it never comes to rest")

    @rule()
    def stop(self):
        """Somebody asks for the end."""
        self.row = replace(self.row, stop_requested=True)

    def _send(self, outcome):
        first = self.row.attempts == 0
        assert first or self.looked, "sent again without a look"
        self.row = jobs.attempt(self.row, self.now)
        self.looked = False
        if outcome.startswith("taken"):
            self.taken += not self.there
            self.there = True
        if outcome == "refused":
            self.row = jobs.refuse(self.row, Refusal("refused", "ValidationException", "no"))
        if outcome == "full":
            self.row = jobs.refuse(self.row, Refusal("not_now", "ServiceQuotaExceededException", "full"))
        if outcome == "taken":
            self.row = jobs.adopt(self.row, ARN, "request", self.now)

    @invariant()
    def never_forgotten(self):
        """What Bedrock has is never called ended here."""
        assert not (self.there and self.row.status in ENDED)


TestSends = Sends.TestCase
TestSends.settings = settings(max_examples=100, stateful_step_count=15, deadline=None)


# --- a job whose data is not prepared yet


def preparing(**changes) -> Job:
    return job(status="Preparing", request=None, splits=None, trained_tokens=None, data_asked_at=NOW, **changes)


def test_a_job_without_data_looks_whether_it_has_any_now_and_then_waits():
    assert steps.next_step(preparing(), None, NOW) == steps.Plan()
    assert isinstance(steps.next_step(preparing(), steps.Unprepared(), NOW), steps.Wait)


def test_a_preparation_that_must_have_died_is_asked_for_again():
    late = NOW + steps.ASK_AGAIN_AFTER
    assert steps.next_step(preparing(), steps.Unprepared(), late) == steps.AskForData()
    assert isinstance(steps.next_step(preparing(), steps.Unprepared(), late - timedelta(seconds=1)), steps.Wait)


def test_a_job_without_data_that_shall_stop_never_looks_for_any():
    assert steps.next_step(preparing(stop_requested=True), None, NOW) == steps.End("Stopped", None)


def test_data_that_comes_a_day_late_trains_nothing():
    step = steps.next_step(preparing(), None, NOW + steps.LONGEST_PREPARATION)
    assert isinstance(step, steps.End)
    assert step.status == "Failed"


@given(seen=st.sampled_from([None, steps.Unprepared()]), minutes=st.integers(0, 3_000), stop=st.booleans())
def test_a_job_without_data_is_never_sent(seen, minutes, stop):
    step = steps.next_step(preparing(stop_requested=stop), seen, NOW + timedelta(minutes=minutes))
    assert isinstance(step, steps.Plan | steps.AskForData | steps.Wait | steps.End)
    assert steps.announcement(preparing()) is None
    assert steps.due(preparing()) == {"advance_job"}


def test_a_job_that_fails_for_its_data_says_what_a_refused_request_would_have_said():
    failed = jobs.fail(preparing(), Conflict("dataset_rejected", "Its reports say why.", reports=["r"]), NOW)
    assert (failed.status, failed.failure) == ("Failed", "dataset_rejected: Its reports say why.")
    assert (failed.failure_code, failed.failure_details) == ("dataset_rejected", {"reports": ["r"]})
    assert failed.ended_at == NOW

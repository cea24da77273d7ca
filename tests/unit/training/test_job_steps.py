"""The way of a job to Bedrock: monotone, and never two sends without a look in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tunedrop.domain.training import job_states, job_steps, wait_reasons
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import ENDED, Job, JobTruth, TimelineEntry, Wait
from tunedrop.errors import Conflict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DENIED, SECOND = job_steps.DENIED_AT_MOST, timedelta(seconds=1)
ORDER = {"Requested": 1, "WaitingForCapacity": 1, "InProgress": 2, "Stopping": 3}
ARN = "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/base/abcdefghijkl"
MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/base/abcdefghijkl"


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
    assert job_steps.next_step(job(), None, NOW) == job_steps.SendJob()


def test_after_an_attempt_bedrock_is_asked_first():
    assert job_steps.next_step(job_states.attempt(job(), NOW), None, NOW) == job_steps.Look()


def test_an_attempt_that_may_still_run_is_waited_for():
    attempted = job_states.attempt(job(), NOW)
    early = job_steps.next_step(attempted, job_steps.SeenJob(None), NOW + job_steps.LONG_SETTLE - timedelta(seconds=1))
    assert isinstance(early, job_steps.LeaveJob)
    assert job_steps.next_step(attempted, job_steps.SeenJob(None), NOW + job_steps.LONG_SETTLE) == job_steps.SendJob()


def test_a_job_of_ours_is_adopted_and_one_of_another_token_never():
    attempted = job_states.attempt(job(), NOW)
    assert job_steps.next_step(attempted, job_steps.SeenJob(truth()), NOW) == job_steps.AdoptJob(truth())
    foreign = job_steps.next_step(attempted, job_steps.SeenJob(truth(token="theirs")), NOW)
    assert isinstance(foreign, job_steps.End)
    assert foreign.status == "Failed"


def test_a_job_whose_token_bedrock_does_not_show_is_nobodys_until_it_does():
    attempted = job_states.attempt(job(), NOW)
    hidden = job_steps.SeenJob(truth(token=None))
    assert isinstance(job_steps.next_step(attempted, hidden, NOW), job_steps.LeaveJob)
    assert isinstance(job_steps.next_step(attempted, hidden, NOW + job_steps.LONG_SETTLE), job_steps.Raise)


@pytest.mark.parametrize("status", ["InProgress", "Stopping", *sorted(ENDED)])
def test_a_job_that_shows_up_in_bedrock_after_its_end_is_recorded_if_it_is_ours(status):
    bedrocks, completed = truth(status, model_arn=MODEL), truth("Completed", model_arn=MODEL)
    ended = job_states.end(job_states.attempt(job(), NOW), "Stopped", None, NOW)
    assert job_steps.next_step(ended, None, NOW) == job_steps.Look()
    assert job_steps.next_step(ended, job_steps.SeenJob(bedrocks), NOW) == job_steps.ReclaimJob(bedrocks)
    for seen in (None, truth(status, token="theirs"), truth(status, token=None)):
        assert isinstance(job_steps.next_step(ended, job_steps.SeenJob(seen), NOW), job_steps.LeaveJob)
    found = job_states.appear(ended, bedrocks, "event", NOW)
    assert (found.status, found.arn, found.ended_at) == ("Stopped", ARN, NOW)
    if status != "InProgress":
        same = job_steps.next_step(found, job_steps.SeenJob(bedrocks), NOW)
        assert isinstance(same, job_steps.LeaveJob)
    end = job_steps.next_step(found, job_steps.SeenJob(completed), NOW)
    assert isinstance(end, job_steps.LeaveJob if status in ENDED else job_steps.ReclaimJob)


def test_a_job_that_appeared_is_stopped_while_it_runs_until_a_stop_was_accepted():
    ended = job_states.end(job_states.attempt(job(), NOW), "Stopped", None, NOW)
    running, stopping = (job_steps.SeenJob(truth(status)) for status in ("InProgress", "Stopping"))
    found = job_states.appear(ended, running.truth, "event", NOW)
    assert job_steps.next_step(found, running, NOW) == job_steps.ReclaimJob(running.truth)
    stopped = job_states.appear(found, stopping.truth, "event", NOW)
    assert isinstance(job_steps.next_step(stopped, running, NOW), job_steps.LeaveJob)


def test_bedrock_is_asked_for_a_job_that_may_appear_for_two_days_and_for_no_other():
    def ended(sent):
        over = job_states.end(sent, "Failed", "too late", NOW)
        return replace(over, announced=("Failed",))

    refusal = Refusal("refused", "ValidationException", "no")
    lost = job_states.attempt(job(), NOW)
    refused_later = job_states.refuse(job_states.attempt(lost, NOW), refusal)
    parked = job_states.park(refused_later, Wait("account_quota", "full"), NOW)
    for sent in (lost, refused_later, parked):
        assert not job_steps.is_finished(ended(sent), NOW + timedelta(hours=47))
        assert job_steps.due(ended(sent)) == {"advance_job"}
        assert job_steps.is_finished(ended(sent), NOW + timedelta(hours=48))
    refused = job_states.refuse(lost, refusal)
    waited = job_states.park(refused, Wait("account_quota", "full"), NOW)
    for sent in (job(), refused, waited):
        assert job_steps.is_finished(ended(sent), NOW)


def test_one_refused_send_is_a_definite_end_and_a_refused_second_send_is_not():
    once = job_states.refuse(job_states.attempt(job(), NOW), Refusal("refused", "ValidationException", "no"))
    assert job_steps.next_step(once, None, NOW) == job_steps.End("Failed", "ValidationException: no")
    twice = job_states.refuse(
        job_states.attempt(job_states.attempt(job(), NOW), NOW), Refusal("refused", "ValidationException", "no")
    )
    assert job_steps.next_step(twice, None, NOW) == job_steps.Look()
    assert job_steps.next_step(twice, job_steps.SeenJob(truth()), NOW) == job_steps.AdoptJob(truth())
    assert isinstance(job_steps.next_step(twice, job_steps.SeenJob(None), NOW), job_steps.LeaveJob)


def test_no_room_parks_and_a_parked_job_does_not_try_again_at_once():
    refused = job_states.refuse(
        job_states.attempt(job(), NOW), Refusal("not_now", "ServiceQuotaExceededException", "full")
    )
    assert isinstance(job_steps.next_step(refused, None, NOW), job_steps.Park)
    parked = job_states.park(refused, Wait("account_quota", "full"), NOW)
    assert parked.status == "WaitingForCapacity"
    assert isinstance(job_steps.next_step(parked, None, NOW), job_steps.LeaveJob)
    assert job_steps.next_step(parked, None, NOW + job_steps.PAUSE) == job_steps.SendJob()


def test_a_job_that_waits_for_the_stacks_own_cap_is_tried_at_each_message_but_once_by_one():
    waits = job_states.park(job(), wait_reasons.of_cap(2), NOW)
    assert isinstance(job_steps.next_step(waits, None, NOW), job_steps.LeaveJob)
    assert job_steps.next_step(waits, None, NOW + SECOND) == job_steps.SendJob()


def test_a_denial_may_pass_for_a_few_minutes_and_then_ends_the_job():
    denial = Refusal("not_now", "AccessDeniedException", "not authorized")
    first = job_states.refuse(job_states.attempt(job(), NOW), denial)
    step = job_steps.next_step(first, None, NOW)
    assert isinstance(step, job_steps.Park)
    parked = job_states.park(first, step.wait, NOW)
    for later, kind in ((DENIED - SECOND, job_steps.Park), (DENIED, job_steps.End)):
        again = job_states.refuse(job_states.attempt(parked, NOW + later), denial)
        assert isinstance(job_steps.next_step(again, None, NOW + later), kind)


@given(st.lists(st.integers(60, 900), min_size=1, max_size=30))
def test_a_job_that_is_always_denied_ends_at_its_first_try_after_ten_minutes(pauses):
    row, now = job(), NOW
    for pause in pauses:
        row = job_states.refuse(
            job_states.attempt(row, now), Refusal("not_now", "AccessDeniedException", "not authorized")
        )
        step = job_steps.next_step(row, None, now)
        assert isinstance(step, job_steps.End) == (now - NOW >= DENIED)
        if isinstance(step, job_steps.End):
            return
        assert isinstance(step, job_steps.Park)
        row, now = job_states.park(row, step.wait, now), now + timedelta(seconds=pause)


def test_a_denial_has_its_minutes_although_the_job_waited_for_a_slot_before():
    row = job_states.park(job(), Wait("slots", "2 jobs of this stack run already"), NOW)
    denial = Refusal("not_now", "AccessDeniedException", "not authorized")
    for later, kind in ((timedelta(hours=1), job_steps.Park), (timedelta(hours=1) + DENIED, job_steps.End)):
        row = job_states.refuse(job_states.attempt(row, NOW + later), denial)
        step = job_steps.next_step(row, None, NOW + later)
        assert isinstance(step, kind)
        if isinstance(step, job_steps.Park):
            row = job_states.park(row, step.wait, NOW + later)


FULL = Refusal("not_now", "ServiceQuotaExceededException", "You have reached the number of custom models.")
DAY = timedelta(hours=24)


def waiting(since: datetime = NOW, **changes) -> Job:
    refused = job_states.refuse(job_states.attempt(job(**changes), since), FULL)
    step = job_steps.next_step(refused, None, since)
    assert isinstance(step, job_steps.Park)
    return job_states.park(refused, step.wait, since)


@pytest.mark.parametrize(("deadline", "waits"), [(DAY, DAY), (timedelta(hours=1), timedelta(hours=1))])
def test_a_job_that_waited_until_its_deadline_ends_and_is_not_sent(deadline, waits):
    early = job_steps.next_step(waiting(), None, NOW + waits - timedelta(seconds=1), deadline=deadline)
    late = job_steps.next_step(waiting(), None, NOW + waits, deadline=deadline)
    assert early == job_steps.SendJob()
    assert isinstance(late, job_steps.End)
    assert (late.status, late.code) == ("Failed", "job_deadline_passed")
    assert FULL.message in late.failure
    assert f"within {deadline / timedelta(hours=1):g} hours" in late.failure


def test_the_deadline_counts_from_when_the_job_could_first_be_sent():
    prepared = TimelineEntry(NOW + DAY / 2, "Requested", "request")
    slow = job(timeline=(TimelineEntry(NOW, "Preparing", "request"), prepared))
    assert job_steps.next_step(slow, None, NOW + DAY) == job_steps.SendJob()
    assert isinstance(job_steps.next_step(slow, None, NOW + DAY * 1.5), job_steps.End)


def test_past_the_deadline_what_bedrock_has_is_adopted_and_only_a_new_send_is_not_made():
    attempted = job_states.attempt(job(), NOW)
    late = NOW + DAY
    assert job_steps.next_step(attempted, None, late) == job_steps.Look()
    assert job_steps.next_step(attempted, job_steps.SeenJob(truth()), late) == job_steps.AdoptJob(truth())
    assert isinstance(job_steps.next_step(attempted, job_steps.SeenJob(None), late), job_steps.End)
    stopped = job_steps.next_step(replace(waiting(), stop_requested=True), None, late)
    assert stopped == job_steps.End("Stopped", None)


def test_each_reason_to_wait_is_told_once_and_stands_in_the_timeline():
    first = waiting()
    told = job_steps.wait_to_announce(first)
    assert told == Wait("custom_models_quota", f"{FULL.code}: {FULL.message}")
    known = replace(first, wait=replace(told, announced=(told.code,)))
    assert job_steps.wait_to_announce(job_states.park(known, told, NOW)) is None
    assert len(job_states.park(known, told, NOW).timeline) == len(known.timeline)
    other = job_states.park(known, Wait("max_concurrent_jobs", "no room here"), NOW)
    assert job_steps.wait_to_announce(other) == Wait("max_concurrent_jobs", "no room here", (told.code,))
    assert other.timeline[-1].note == "no room here"
    assert len(job_states.park(other, told, NOW).timeline) == len(other.timeline)
    assert job_steps.wait_to_announce(job_states.adopt(other, ARN, "request", NOW)) is None


def test_a_stop_ends_what_was_never_sent_and_is_passed_on_for_what_runs():
    assert job_steps.next_step(job(stop_requested=True), None, NOW) == job_steps.End("Stopped", None)
    running = job_states.adopt(job(stop_requested=True), ARN, "request", NOW)
    assert job_steps.next_step(running, None, NOW) == job_steps.Stop(ARN)


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_job_does_nothing_more(status):
    ended = job_states.follow(job(), truth(status), "event", NOW)
    assert ended.status == status
    assert isinstance(job_steps.next_step(replace(ended, stop_requested=True), None, NOW), job_steps.LeaveJob)
    assert job_steps.due(ended) == {"check_job"}
    told = replace(ended, announced=(status,))
    assert job_steps.due(told) == {"check_job"}, "its results are still to be stored"
    assert job_steps.is_finished(replace(told, metrics_settled=True), NOW)


_STATUSES = st.sampled_from(["InProgress", "Stopping", "Completed", "Failed", "Stopped"])


@given(st.lists(_STATUSES, max_size=8))
def test_whatever_comes_in_whatever_order_a_job_never_moves_backwards(statuses):
    moved = job()
    for status in statuses:
        before, moved = moved, job_states.follow(moved, truth(status), "event", NOW)
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
        outcome=st.sampled_from(["taken", "taken, no answer", "lost", "refused", "full", "denied"]),
        dies=st.booleans(),
        seconds=st.sampled_from([0, 1, 60, 119, 121, 3_600]),
    )
    def visit(self, outcome, dies, seconds):
        """A message arrives and is worked on until nothing is next."""
        self.now += timedelta(seconds=seconds)
        seen = None
        for _ in range(10):
            step = job_steps.next_step(self.row, seen, self.now)
            seen = None
            match step:
                case job_steps.Look():
                    seen, self.looked = job_steps.SeenJob(truth() if self.there else None), True
                case job_steps.SendJob():
                    self._send(outcome)
                    if dies:
                        return
                case job_steps.AdoptJob():
                    self.row = job_states.adopt(self.row, ARN, "request", self.now)
                case job_steps.Park(wait):
                    self.row = job_states.park(self.row, wait, self.now)
                case job_steps.End(status, failure, code):
                    self.row = job_states.end(self.row, status, failure, self.now, code=code)
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
        self.row = job_states.attempt(self.row, self.now)
        self.looked = False
        if outcome.startswith("taken"):
            self.taken += not self.there
            self.there = True
        if outcome == "refused":
            self.row = job_states.refuse(self.row, Refusal("refused", "ValidationException", "no"))
        if outcome == "full":
            self.row = job_states.refuse(self.row, Refusal("not_now", "ServiceQuotaExceededException", "full"))
        if outcome == "denied":
            self.row = job_states.refuse(self.row, Refusal("not_now", "AccessDeniedException", "no"))
        if outcome == "taken":
            self.row = job_states.adopt(self.row, ARN, "request", self.now)

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
    assert job_steps.next_step(preparing(), None, NOW) == job_steps.PlanJob()
    assert isinstance(job_steps.next_step(preparing(), job_steps.Unprepared(), NOW), job_steps.LeaveJob)


def test_a_preparation_that_must_have_died_is_asked_for_again():
    late = NOW + job_steps.ASK_AGAIN_AFTER
    assert job_steps.next_step(preparing(), job_steps.Unprepared(), late) == job_steps.AskForData()
    assert isinstance(
        job_steps.next_step(preparing(), job_steps.Unprepared(), late - timedelta(seconds=1)), job_steps.LeaveJob
    )


def test_a_job_without_data_that_shall_stop_never_looks_for_any():
    assert job_steps.next_step(preparing(stop_requested=True), None, NOW) == job_steps.End("Stopped", None)


def test_data_that_comes_a_day_late_trains_nothing():
    step = job_steps.next_step(preparing(), None, NOW + job_steps.LONGEST_PREPARATION)
    assert isinstance(step, job_steps.End)
    assert step.status == "Failed"


@given(seen=st.sampled_from([None, job_steps.Unprepared()]), minutes=st.integers(0, 3_000), stop=st.booleans())
def test_a_job_without_data_is_never_sent(seen, minutes, stop):
    step = job_steps.next_step(preparing(stop_requested=stop), seen, NOW + timedelta(minutes=minutes))
    assert isinstance(step, job_steps.PlanJob | job_steps.AskForData | job_steps.LeaveJob | job_steps.End)
    assert job_steps.announcement(preparing()) is None
    assert job_steps.due(preparing()) == {"advance_job"}


def test_a_job_that_fails_for_its_data_says_what_a_refused_request_would_have_said():
    failed = job_steps.fail(preparing(), Conflict("dataset_rejected", "Its reports say why.", reports=["r"]), NOW)
    assert (failed.status, failed.failure) == ("Failed", "dataset_rejected: Its reports say why.")
    assert (failed.failure_code, failed.failure_details) == ("dataset_rejected", {"reports": ["r"]})
    assert failed.ended_at == NOW

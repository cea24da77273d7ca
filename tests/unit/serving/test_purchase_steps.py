"""What is next with a purchase: nothing is sent twice unseen, nothing billed is forgotten, everything ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tunedrop.domain.serving import brake, due_purchases, purchase_facts, purchase_states, purchase_steps, terms
from tunedrop.domain.serving.acts import OURS
from tunedrop.domain.serving.purchase_states import ENDED, LONG_SETTLE, SETTLE, Capacity, Observation, Purchase
from tunedrop.domain.training.bedrock_refusal import Refusal

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/base/abcdefghijkl"
REFUSED = Refusal("refused", "ValidationException", "no")
FULL = Refusal("not_now", "ServiceQuotaExceededException", "full")


def purchase(**changes) -> Purchase:
    made = Purchase(
        deployment="prod",
        generation=1,
        state="planned",
        intent_id="01hzz",
        token="token",
        name="support-v1-0f1e2d3c-5b1d9e02",
        serving="provisioned_throughput",
        model_units=1,
        hours=8,
        job_id="01hzy",
        dataset="support",
        version=1,
        owner="team",
        created_at=NOW,
    )
    return replace(made, **changes)


def requested(**changes) -> Purchase:
    return braked(replace(purchase_states.request(purchase(), MODEL, NOW, NOW), **changes))


def braked(row: Purchase, after=timedelta(0)) -> Purchase:
    """With the schedule that would end what is bought then."""
    fires_at = brake.wanted(row, NOW + after)
    return brake.braked(row, fires_at) if fires_at else row


def capacity(number=1, status="Creating") -> Capacity:
    return Capacity(f"arn:{number}", f"name-{number}", MODEL, status)


def step(row, observed=None, free=1, after=timedelta(0)):
    return purchase_steps.next_step(row, observed, free, NOW + after)


def test_nothing_is_done_for_a_purchase_whose_job_runs():
    assert isinstance(step(purchase()), purchase_steps.LeavePurchase)


def test_bedrock_is_looked_at_before_anything_is_sent():
    assert step(requested()) == purchase_steps.Observe()
    assert step(requested(), Observation()) == purchase_steps.SendPurchase()


def test_nothing_is_sent_before_a_schedule_stands_that_ends_it():
    bare = replace(requested(), brake_fires_at=None)
    assert step(bare) == purchase_steps.Observe()
    assert step(bare, Observation()) == purchase_steps.SetBrake(NOW + timedelta(hours=8, minutes=15))
    late = timedelta(hours=3)
    assert step(requested(), Observation(), after=late) == purchase_steps.SetBrake(
        NOW + timedelta(hours=11, minutes=15)
    )
    assert step(braked(requested(), late), Observation(), after=late) == purchase_steps.SendPurchase()
    assert step(bare, Observation(), free=0) != purchase_steps.SetBrake(NOW + timedelta(hours=8, minutes=15))


def test_two_visits_that_begin_seconds_apart_do_not_move_each_others_brake():
    for seconds in (-59, 59):
        row = braked(requested(), timedelta(seconds=seconds))
        assert step(row, Observation()) == purchase_steps.SendPurchase()


def test_on_demand_needs_no_brake():
    row = requested(serving="on_demand", model_units=0, hours=None)
    assert row.brake_fires_at is None
    assert step(row, Observation()) == purchase_steps.SendPurchase()


def test_a_brake_that_cannot_be_set_just_now_is_tried_again_after_a_pause_and_nothing_is_bought_meanwhile():
    row = brake.unbraked(replace(requested(), brake_fires_at=None), "Throttling: no", NOW, final=False)
    assert isinstance(step(row, Observation()), purchase_steps.LeavePurchase)
    assert isinstance(step(row, Observation(), after=purchase_states.PAUSE), purchase_steps.SetBrake)
    lapsed = step(row, None, after=timedelta(hours=24))
    assert isinstance(lapsed, purchase_steps.Finish)
    assert (lapsed.state, (lapsed.failure or "")[-14:]) == ("lapsed", "Throttling: no")


def test_a_brake_that_is_refused_for_good_ends_the_purchase():
    row = brake.unbraked(replace(requested(), brake_fires_at=None), "Validation: no", NOW, final=True)
    assert step(row) == purchase_steps.Finish(
        "failed", "the schedule that would end it could not be made", "Validation: no"
    )
    sent = brake.unbraked(purchase_states.attempt(requested(), NOW), "Validation: no", NOW, final=True)
    assert step(sent) == purchase_steps.Observe(), "what was sent once may have taken effect"


def test_what_lives_without_a_brake_gets_one_and_goes_on_if_it_cannot():
    row = replace(purchase_states.go_live(requested(), capacity(), NOW), brake_fires_at=None)
    assert due_purchases.is_due(replace(row, ready_at=NOW, announced=("ready",)), NOW)
    assert step(row) == purchase_steps.SetBrake(NOW + timedelta(hours=8, minutes=15))
    for final in (False, True):
        paused = brake.unbraked(row, "no", NOW, final=final)
        surplus = Observation(ours=(capacity(), capacity(2)))
        assert step(paused, surplus) == purchase_steps.Discard("arn:2"), "a doubled purchase does not wait for a brake"
        assert step(paused, Observation(ours=(capacity(status="Ready"),))) == purchase_steps.BecomeReady(
            capacity(status="Ready")
        )


def test_what_exists_already_is_adopted_instead_of_bought():
    assert step(requested(), Observation(ours=(capacity(),)), free=0) == purchase_steps.AdoptCapacity(capacity())


def test_without_free_units_it_waits_and_says_what_it_waits_for():
    waiting = step(requested(), Observation(), free=0)
    assert isinstance(waiting, purchase_steps.LeavePurchase)
    assert "MaxModelUnits" in waiting.reason


def test_a_model_that_others_serve_is_not_served_twice_unless_that_is_free():
    observed = Observation(others=(capacity(),))
    assert isinstance(step(requested(), observed), purchase_steps.Finish)
    assert step(requested(serving="on_demand", model_units=0), observed) == purchase_steps.SendPurchase()


def test_a_day_after_the_jobs_end_a_request_lapses():
    late = timedelta(hours=23, minutes=59)
    assert step(braked(requested(), late), Observation(), after=late) == purchase_steps.SendPurchase()
    lapsed = step(requested(), None, after=timedelta(hours=24))
    assert isinstance(lapsed, purchase_steps.Finish)
    assert lapsed.state == "lapsed"


def test_an_unknown_outcome_is_looked_at_waited_for_and_only_then_sent_again():
    row = purchase_states.attempt(requested(), NOW)
    assert step(row) == purchase_steps.Observe()
    assert step(row, Observation(ours=(capacity(),))) == purchase_steps.AdoptCapacity(capacity())
    assert isinstance(step(row, Observation(), after=LONG_SETTLE - timedelta(seconds=1)), purchase_steps.LeavePurchase)
    assert isinstance(step(row, Observation(), after=LONG_SETTLE), purchase_steps.SetBrake)
    row = braked(row, LONG_SETTLE)
    assert step(row, Observation(), after=LONG_SETTLE) == purchase_steps.SendPurchase()


def test_one_refusal_is_definite_and_a_refusal_of_a_second_send_proves_nothing():
    once = purchase_states.refuse(purchase_states.attempt(requested(), NOW), REFUSED)
    assert step(once) == purchase_steps.Finish("failed", "Bedrock refused", "ValidationException: no")
    assert step(replace(once, refusal=FULL)) == purchase_steps.Requeue()
    twice = replace(once, attempts=2)
    assert step(twice) == purchase_steps.Observe()
    assert isinstance(step(twice, Observation()), purchase_steps.LeavePurchase)
    assert step(twice, Observation(ours=(capacity(),))) == purchase_steps.AdoptCapacity(capacity())
    assert isinstance(step(twice, Observation(), after=LONG_SETTLE), purchase_steps.Finish)


def test_giving_up_an_unknown_outcome_waits_until_a_late_effect_would_have_shown():
    row = replace(purchase_states.attempt(requested(), NOW), release_requested="asked for")
    assert isinstance(step(row, Observation(), after=LONG_SETTLE - timedelta(seconds=1)), purchase_steps.LeavePurchase)
    ended = step(row, Observation(), after=LONG_SETTLE)
    assert isinstance(ended, purchase_steps.Finish)
    assert ended.state == "released"


def test_what_lives_is_followed_until_it_can_be_called():
    row = braked(purchase_states.go_live(purchase_states.attempt(requested(), NOW), capacity(), NOW))
    assert step(row) == purchase_steps.Observe()
    assert isinstance(step(row, Observation(ours=(capacity(),))), purchase_steps.LeavePurchase)
    ready = capacity(status="Ready")
    assert step(row, Observation(ours=(ready,))) == purchase_steps.BecomeReady(ready)
    assert isinstance(step(row, Observation(), after=timedelta(minutes=1)), purchase_steps.LeavePurchase)
    assert isinstance(step(row, Observation(), after=LONG_SETTLE), purchase_steps.Finish)


def test_a_failed_creation_is_given_back_and_ends_as_failed():
    row = braked(purchase_states.go_live(purchase_states.attempt(requested(), NOW), capacity(), NOW))
    failed = step(row, Observation(ours=(replace(capacity(status="Failed"), failure="no hosts"),)))
    assert failed == purchase_steps.BeginRelease("Bedrock could not create it", "no hosts", OURS)
    row = purchase_states.release(row, failed.reason, failed.failure, NOW)
    assert step(row, Observation(ours=(capacity(status="Failed"),))) == purchase_steps.Discard("arn:1")
    ended = step(replace(row, deleted_at=NOW), Observation())
    assert isinstance(ended, purchase_steps.Finish)
    assert (ended.state, ended.failure) == ("failed", "no hosts")


def test_what_a_list_lacks_in_the_first_minutes_is_deleted_by_its_arn_before_it_is_called_gone():
    live = braked(purchase_states.go_live(purchase_states.attempt(requested(), NOW), capacity(), NOW))
    row = purchase_states.release(live, "asked for", None, NOW)
    assert step(row, Observation()) == purchase_steps.Discard("arn:1")
    assert isinstance(step(replace(row, deleted_at=NOW), Observation()), purchase_steps.Finish)
    assert isinstance(step(row, Observation(), after=LONG_SETTLE), purchase_steps.Finish)


def test_hours_run_from_the_send_that_bought_and_not_from_the_moment_it_was_found():
    sent = purchase_states.attempt(requested(), NOW)
    found = purchase_states.go_live(sent, capacity(), NOW + timedelta(minutes=9))
    assert found.expires_at == NOW + timedelta(hours=8)


def test_a_surplus_that_bedrock_did_not_delete_just_now_is_left_for_the_next_visit():
    row = replace(braked(purchase_states.go_live(requested(), capacity(), NOW)), parked_at=NOW)
    observed = Observation(ours=(capacity(2), capacity(status="Ready")))
    assert step(row, observed) == purchase_steps.BecomeReady(capacity(status="Ready"))
    assert step(row, observed, after=purchase_states.PAUSE) == purchase_steps.Discard("arn:2")


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_end_is_due_until_it_was_told(state):
    row = purchase_states.finish(purchase_states.attempt(requested(), NOW), state, None, NOW)
    assert due_purchases.is_due(row, NOW)
    assert not due_purchases.is_due(purchase_facts.told(row, purchase_facts.due(row, NOW)), NOW)


@pytest.mark.parametrize("hours", [1, 8, 168, None])
def test_hours_end_by_themselves(hours):
    serving = "provisioned_throughput" if hours else "on_demand"
    row = braked(purchase_states.go_live(requested(hours=hours, serving=serving), capacity(status="Ready"), NOW))
    row = replace(row, ready_at=NOW, announced=("ready",))
    observed = Observation(ours=(capacity(status="Ready"),))
    if hours is None:
        assert isinstance(step(row, observed, after=timedelta(days=900)), purchase_steps.LeavePurchase)
        return
    end = timedelta(hours=hours)
    assert isinstance(step(row, observed, after=end - timedelta(seconds=1)), purchase_steps.LeavePurchase)
    assert isinstance(step(row, observed, after=end), purchase_steps.BeginRelease)


def test_a_second_one_of_the_same_intent_is_given_back():
    row = braked(purchase_states.go_live(requested(), capacity(), NOW))
    assert step(row, Observation(ours=(capacity(), capacity(2)))) == purchase_steps.Discard("arn:2")


@pytest.mark.parametrize("state", sorted(ENDED))
def test_a_late_message_for_an_ended_purchase_buys_nothing(state):
    row = purchase_states.finish(purchase_states.attempt(requested(), NOW), state, None, NOW)
    for observed in (None, Observation()):
        assert not isinstance(step(row, observed, after=timedelta(days=30)), purchase_steps.SendPurchase)
    assert step(row, Observation(ours=(capacity(),)), after=SETTLE) == purchase_steps.ReclaimCapacity(capacity())


class Purchases(RuleBasedStateMachine):
    """Bedrock may take, refuse or lose each send; the process may die between any two steps.

    The worst Bedrock there is: it forgets every token, so only looking before sending keeps us from buying twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.row = requested()
        self.now = NOW
        self.there: dict[str, Capacity] = {}
        self.made = 0
        self.observed_since_send = False

    @rule(
        outcome=st.sampled_from(["taken", "taken, no answer", "lost", "refused", "full"]),
        dies_after=st.integers(0, 8),
        seconds=st.sampled_from([0, 1, 61, 119, 121, 601, 3_600, 30_000]),
        free=st.integers(0, 1),
    )
    def visit(self, outcome, dies_after, seconds, free):
        """A message arrives; the process may die after some steps."""
        self.now += timedelta(seconds=seconds)
        observed = None
        for done in range(12):
            if done > dies_after:
                return
            next_ = purchase_steps.next_step(self.row, observed, free, self.now)
            if isinstance(next_, purchase_steps.LeavePurchase):
                return
            observed = self._carry_out(next_, outcome)
        raise AssertionError("it never comes to rest")

    @rule()
    def release(self):
        """Somebody gives it back, or up."""
        if self.row.state == "requested":
            self.row = purchase_states.finish(self.row, "released", None, self.now)
        elif self.row.state not in ENDED:
            self.row = replace(self.row, release_requested="asked for")

    @rule()
    def created(self):
        """Bedrock gets ready with what it has."""
        self.there = {arn: replace(made, status="Ready") for arn, made in self.there.items()}

    def _carry_out(self, next_, outcome):
        match next_:
            case purchase_steps.Observe():
                self.observed_since_send = True
                return Observation(ours=tuple(self.there.values()))
            case purchase_steps.SendPurchase():
                self._send(outcome)
            case purchase_steps.AdoptCapacity(found):
                self.row = purchase_states.go_live(self.row, found, self.now)
            case purchase_steps.BecomeReady():
                self.row = replace(self.row, ready_at=self.now)
            case purchase_steps.BeginRelease(reason, failure, _):
                self.row = purchase_states.release(self.row, reason, failure, self.now)
            case purchase_steps.Discard(arn):
                self.there.pop(arn, None)
                self.row = replace(self.row, deleted_at=self.now)
            case _:
                self._end(next_)
        return None

    def _end(self, next_):
        match next_:
            case purchase_steps.Requeue():
                self.row = purchase_states.requeue(self.row, self.now)
            case purchase_steps.ReclaimCapacity(found):
                self.row = purchase_states.reclaim(self.row, found, self.now)
            case purchase_steps.Finish(state, _, failure):
                self.row = purchase_states.finish(self.row, state, failure, self.now)

    def _send(self, outcome):
        assert self.observed_since_send, "sent without a look"
        self.observed_since_send = False
        self.row = purchase_states.attempt(self.row, self.now)
        if outcome.startswith("taken"):
            self.made += 1
            made = capacity(self.made)
            self.there[made.arn] = made
            if outcome == "taken":
                self.row = purchase_states.go_live(self.row, made, self.now)
        if outcome in {"refused", "full"}:
            self.row = purchase_states.refuse(self.row, REFUSED if outcome == "refused" else FULL)

    @invariant()
    def never_two_at_once(self):
        """At most one is billed."""
        assert len(self.there) <= 1

    @invariant()
    def never_forgotten(self):
        """What is billed belongs to a purchase that is still open."""
        assert not self.there or self.row.state in {"unknown", "live", "releasing"}

    @invariant()
    def never_after_the_day(self):
        """Nothing is bought later than a day after the job's end."""
        assert self.row.attempted_at is None or self.row.attempted_at < NOW + purchase_states.LAPSES_AFTER

    def teardown(self):
        """Whatever happened, asked to end and given time, it ends and nothing is billed."""
        self.release()
        for _ in range(6):
            self.visit("lost", 99, 3_600, 1)
        assert self.row.state in ENDED
        assert self.there == {}


TestPurchases = Purchases.TestCase
TestPurchases.settings = settings(max_examples=150, stateful_step_count=15, deadline=None)


def test_a_month_of_capacity_that_no_list_shows_is_waited_for_as_long_as_its_lost_answer():
    sent = purchase_states.attempt(requested(commitment="one_month"), NOW)
    row = braked(purchase_states.go_live(sent, capacity(), NOW))
    assert isinstance(step(row, Observation(), after=terms.SETTLE - timedelta(seconds=1)), purchase_steps.LeavePurchase)
    assert isinstance(step(row, Observation(), after=terms.SETTLE), purchase_steps.Finish)

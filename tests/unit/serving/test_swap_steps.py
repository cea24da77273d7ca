"""What is next with a swap: Bedrock is looked at before and after, and only what it shows completes one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tunedrop.domain.serving import swap_steps
from tunedrop.domain.serving.purchase_states import LONG_SETTLE, SETTLE, Capacity, Swap
from tunedrop.domain.serving.swap_steps import CompleteSwap, GiveUpSwap, LeaveSwap, SendSwap
from tunedrop.domain.training.bedrock_refusal import Refusal

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEFORE, AFTER = "arn:before", "arn:after"
WISH = Swap("job", "support", 2, AFTER, NOW)
SENT = replace(WISH, sent_at=NOW)
SHOWN = Capacity("arn:capacity", "name", BEFORE, "Ready")


def step(swap, own=SHOWN, after=timedelta(0)):
    return swap_steps.next_step(swap, own, NOW + after)


def test_what_was_not_sent_is_sent_even_if_bedrock_seems_to_serve_the_model_already():
    assert step(WISH) == SendSwap()
    assert step(WISH, replace(SHOWN, model_arn=AFTER)) == SendSwap()


def test_only_ready_capacity_with_the_model_completes_a_swap():
    assert step(SENT, replace(SHOWN, model_arn=AFTER)) == CompleteSwap()
    for status in ("Creating", "Updating"):
        assert isinstance(step(SENT, replace(SHOWN, model_arn=AFTER, status=status)), LeaveSwap)


def test_a_send_has_its_time_before_it_is_sent_again():
    assert isinstance(step(SENT, after=SETTLE - timedelta(seconds=1)), LeaveSwap)
    assert isinstance(step(SENT, after=LONG_SETTLE - timedelta(seconds=1)), LeaveSwap)
    assert step(SENT, after=LONG_SETTLE) == SendSwap()


def test_a_refusal_or_a_failed_update_gives_it_up_once_no_send_can_be_on_its_way():
    refused = replace(SENT, refusal=Refusal("refused", "ValidationException", "no"))
    assert isinstance(step(refused), LeaveSwap)
    assert isinstance(step(refused, after=SETTLE), GiveUpSwap)
    failed = replace(SHOWN, update_failed=True)
    assert isinstance(step(SENT, failed), LeaveSwap)
    assert isinstance(step(SENT, failed, after=SETTLE), GiveUpSwap)
    assert step(WISH, failed) == SendSwap(), "that was an earlier update"


def test_a_refusal_that_may_pass_is_tried_again_for_an_hour():
    busy = replace(SENT, refusal=Refusal("not_now", "ThrottlingException", "slow down"))
    assert isinstance(step(busy), LeaveSwap)
    assert step(busy, after=timedelta(minutes=1)) == SendSwap()
    given_up = step(replace(busy, sent_at=NOW + timedelta(minutes=58)), after=timedelta(hours=1))
    assert given_up == GiveUpSwap("Bedrock did not begin it within an hour: ThrottlingException: slow down")

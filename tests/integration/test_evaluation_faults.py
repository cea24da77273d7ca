"""Evaluations when messages are lost, doubled and late, visits die, models are busy or broken, and people stop them.

Every question is answered once for each candidate, or counted as failed; calls stay within what was planned.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from bedrock_simulator import Fault as BedrockFault
from botocore.exceptions import ClientError
from tunedrop.actions.evaluations import ask_candidate
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.edges import clients
from tunedrop.edges.rows import evaluation_rows

from tests.faults.injector import INJECTOR, Answer, Attempt, Watch, happening
from tests.faults.kinds import Fault, interference
from tests.integration import evaluation_world
from tests.integration.bedrock_world import Crash, World, crash, refusing
from tests.integration.evaluation_world import (
    OURS,
    THEIRS,
    counted,
    every_item,
    failed,
    get,
    messages,
    questions,
    report,
    row,
    settle,
    silent,
    stall,
    start,
    stop,
    stored,
    waits_pass_at_once,
    work,
)

PLANNED = 2 * (12 + 12)
"""Twelve records, each asked twice, of two candidates: two chunks of each."""
CHUNK = 20


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.of_bases(stack, environment)


def begun(world: World) -> tuple[str, list]:
    """An evaluation whose questions were chosen, and the messages that ask them."""
    evaluation_id = start(world)
    (advance,) = messages(world)
    world.evaluate(advance)
    return evaluation_id, messages(world)


def check_whole(world: World, evaluation_id: str) -> None:
    """It completed with every answer once, and nothing of it stands."""
    evaluation = settle(world, evaluation_id)
    assert evaluation.state == "Completed", evaluation
    assert stored(world, evaluation_id) == every_item(evaluation)
    assert report(world, evaluation_id)["records"] == 12
    assert evaluation_rows.progress(world.stack.table, evaluation_id).under_way >= 0
    assert evaluation.conclusion
    assert evaluation.conclusion.verdict != "incomplete"


def test_without_a_fault_what_is_planned_is_asked(world):
    check_whole(world, evaluation_id := start(world))
    assert world.door.calls("Converse") == PLANNED
    assert get(world, evaluation_id)["calls"] == PLANNED


def test_a_visit_may_die_after_any_call(world):
    """A sample; `make faults` has them all, with every kind of fault."""
    start(world)
    visits = work(world)
    places = [
        (visit, nth) for visit, names in enumerate(visits) for nth, name in enumerate(names) if name != "Converse"
    ]
    after_asking = (1, visits[1].index("PutObject") - 1)
    for place in (after_asking, *random.Random(12).sample(places, 3)):
        world.door.clear()
        evaluation_id = start(world)
        died = work(world, dies=place)[place[0]]
        assert died == visits[place[0]][: place[1] + 1] or "Converse" in died
        check_whole(world, evaluation_id)
        assert PLANNED <= world.door.calls("Converse") <= PLANNED + CHUNK, place


def test_a_visit_that_dies_while_it_copies_answers_made_elsewhere_or_chooses_examples_copies_them_once(world):
    old = "answers/old.jsonl"
    lines = b"".join(b'{"record": %d, "answer": "billing"}\n' % (number + 1) for number in range(12))
    world.stack.s3.put_object(Bucket=world.stack.bucket, Key=f"incoming/support/{old}", Body=lines)
    against = [old, "nova-micro:few_shot=2"]
    start(world, against=against)
    first, *_ = work(world)
    assert first.count("PutObject") == 3, "questions, examples, and answers made elsewhere"
    for nth in (place for place, name in enumerate(first) if name in {"PutObject", "PutItem"}):
        world.door.clear()
        evaluation = settle_after_death(world, start(world, against=against), nth)
        found = stored(world, evaluation.id)
        assert set(found.values()) == {1}
        assert {place: sum(place == each for each, _ in found) for place in "012"} == {"0": 24, "1": 12, "2": 24}
        assert world.door.calls("Converse") == PLANNED


def settle_after_death(world: World, evaluation_id: str, nth: int) -> Evaluation:
    """The evaluation as it ends although its first visit died after that call."""
    work(world, dies=(0, nth))
    evaluation = settle(world, evaluation_id)
    assert (evaluation.state, report(world, evaluation_id)["candidates"][1]["answered"]) == ("Completed", 12)
    return evaluation


def test_messages_that_come_twice_ask_nothing_twice(world):
    evaluation_id = start(world)
    work(world, times=2)
    check_whole(world, evaluation_id)
    assert world.door.calls("Converse") == PLANNED


def test_two_visits_of_one_chunk_at_once_store_its_answers_once(world):
    evaluation_id, asking = begun(world)
    with world.interrupted(partial(world.evaluate, asking[0]), 2) as watch:
        world.evaluate(asking[0])
    assert watch.names[2] == "ListObjectsV2", "both have seen that nothing was answered"
    with world.interrupted(partial(world.evaluate, asking[1]), 3) as watch:
        world.evaluate(asking[1])
    assert watch.names[3] == "TransactWriteItems"
    work(world, asking[2:])
    check_whole(world, evaluation_id)
    assert world.door.calls("Converse") <= row(world, evaluation_id).most_calls


@pytest.mark.parametrize("kept", [0, 3])
def test_lost_messages_are_sent_again_once_nothing_moves(world, kept):
    evaluation_id, asking = begun(world)
    work(world, asking[:kept])
    world.clock.advance(19 * 60)
    world.reconcile()
    assert messages(world) == [], "a function may still be asking"
    check_whole(world, evaluation_id)
    assert world.door.calls("Converse") == PLANNED


def test_a_hint_that_comes_again_sends_nothing_while_questions_are_asked(world):
    evaluation_id, asking = begun(world)
    world.evaluate({"kind": "advance_evaluation", "evaluation_id": evaluation_id})
    assert messages(world) == []
    work(world, asking)
    check_whole(world, evaluation_id)


def test_what_came_after_a_lost_message_is_stored_too(world):
    """Half a chunk is answered, the message that asks the other half is lost, and another one asks it."""
    evaluation_id, asking = begun(world)
    world.door.add(BedrockFault("Converse", kind="ThrottlingException", share=0.5))
    with waits_pass_at_once(world):
        world.evaluate(asking[0])
        assert 0 < sum(stored(world, evaluation_id).values()) < CHUNK
        assert len(messages(world)) == 1
    world.door.clear()
    work(world, asking[1:])
    check_whole(world, evaluation_id)


def test_an_evaluation_that_is_throttled_ends_with_a_verdict_and_pays_no_call_twice(world):
    world.door.add(BedrockFault("Converse", kind="ThrottlingException", share=0.5))
    with waits_pass_at_once(world), counted() as answers:
        check_whole(world, start(world))
    assert answers[429] > 0
    assert answers[200] == PLANNED


def test_an_evaluation_that_is_always_throttled_ends_incomplete(stack, environment):
    world = evaluation_world.of_bases(stack, environment, tested=2)
    world.door.add(BedrockFault("Converse", kind="ThrottlingException", share=1.0))
    with waits_pass_at_once(world), counted() as answers:
        evaluation = settle(world, start(world, gate="better", on_insufficient="deploy"))
    assert evaluation.conclusion
    assert (evaluation.conclusion.verdict, evaluation.conclusion.outcome) == ("incomplete", "held")
    assert answers == {429: 2 * (2 + 2) * ask_candidate.MOST_ATTEMPTS}


@pytest.mark.parametrize(
    "kind", ["ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException", "InternalServerException"]
)
def test_an_outage_of_minutes_costs_time_and_no_verdict(stack, environment, kind):
    """The first tries of three of ten messages are refused."""
    world = evaluation_world.of_bases(stack, environment, tested=60)
    evaluation_id, asking = begun(world)
    world.door.add(BedrockFault("Converse", kind=kind, share=1.0))
    with waits_pass_at_once(world), counted() as answers:
        for message in asking[:3]:
            world.evaluate(message)
        world.door.clear()
        work(world, asking[3:])
        evaluation = settle(world, evaluation_id)
    assert evaluation.conclusion
    assert evaluation.conclusion.verdict != "incomplete"
    assert answers[200] == evaluation.expected
    maybe_billed = answers[500]
    assert evaluation.expected + maybe_billed <= evaluation.most_calls
    assert evaluation.lost_calls == maybe_billed == (3 * ask_candidate.THREADS if "Internal" in kind else 0)


@pytest.mark.parametrize("kind", ["ServiceUnavailableException", "InternalServerException"])
def test_an_outage_without_end_ends_within_the_hour_and_its_calls(stack, environment, kind):
    world = evaluation_world.of_bases(stack, environment, tested=12)
    world.door.add(BedrockFault("Converse", kind=kind, share=1.0, model=THEIRS))
    began = world.clock.now()
    with waits_pass_at_once(world), counted() as answers:
        evaluation_id = start(world, gate="better", on_insufficient="deploy")
        work(world)
    assert world.clock.now() - began < timedelta(hours=1.5)
    evaluation = settle(world, evaluation_id)
    assert evaluation.conclusion
    assert (evaluation.conclusion.verdict, evaluation.conclusion.outcome) == ("incomplete", "held")
    assert answers[200] + answers[500] <= evaluation.most_calls


@pytest.mark.parametrize("lasting", [{0}, {0, 3, 7, 11}, set(range(14))])
def test_a_question_that_never_has_an_answer_keeps_no_other_from_one(stack, environment, lasting):
    """The first visit asks in an outage, so that every later one begins with what may never be answered."""
    world = evaluation_world.of_bases(stack, environment, tested=20)
    evaluation_id, asking = begun(world)
    first = next(each for each in asking if each["candidate"] == 0 and each["chunk"] == 0)
    asks = questions(world, evaluation_id)
    with waits_pass_at_once(world):
        with silent(asks):
            world.evaluate(first)
        assert not stored(world, evaluation_id)
        with silent(asks[item] for item in lasting):
            work(world)
    assert failed(world, evaluation_id) == {("0", item) for item in lasting}
    assert set(stored(world, evaluation_id)) == {("0", item) for item in range(CHUNK)}


@pytest.mark.parametrize("last", [False, True])
def test_a_message_whose_visit_dies_twice_costs_no_verdict(stack, environment, last):
    """SQS brings it again at once, or after the others."""
    world = evaluation_world.of_bases(stack, environment, tested=60)
    evaluation_id, asking = begun(world)
    for between in ((), asking[1:] if last else ()):
        for message in between:
            world.evaluate(message)
        with INJECTOR.watched(Watch({20: happening(crash, "after")})) as watch, suppress(Crash):
            world.evaluate(asking[0])
        assert watch.names[-1] == "Converse"
    work(world, asking)
    evaluation = settle(world, evaluation_id)
    assert evaluation.conclusion
    assert evaluation.conclusion.verdict != "incomplete"
    assert stored(world, evaluation_id) == every_item(evaluation)
    assert world.door.calls("Converse") <= evaluation.most_calls


def test_a_model_that_always_refuses_is_asked_each_question_once_and_makes_it_incomplete(world):
    world.door.add(BedrockFault("Converse", kind="AccessDeniedException", share=1.0, model=THEIRS))
    evaluation = settle(world, start(world, gate="not_worse"))
    assert evaluation.conclusion
    assert (evaluation.conclusion.verdict, evaluation.conclusion.outcome) == ("incomplete", "held")
    ours, theirs = report(world, evaluation.id)["candidates"]
    assert (ours["failed"], theirs["failed"], theirs["flip_rate"]) == (0, 12, None)
    assert world.door.calls("Converse") == PLANNED


@pytest.mark.parametrize(
    ("code", "status", "lost"),
    [("ModelErrorException", 424, PLANNED), ("ValidationException", 400, 0), ("AccessDeniedException", 403, 0)],
)
def test_a_failed_call_counts_as_billed_unless_it_was_refused_before_a_model_saw_it(world, code, status, lost):
    with refusing(clients.bedrock_runtime(read_seconds=60), "Converse", code, status):
        evaluation = settle(world, start(world))
    assert evaluation.conclusion
    assert (evaluation.conclusion.verdict, evaluation.lost_calls) == ("incomplete", lost)


@pytest.mark.parametrize("lacks", ["content", "message", "stopReason"])
def test_an_answer_that_lacks_a_part_is_an_empty_one_and_ends_nothing(world, lacks):
    def without(parsed: Any, **_: Any) -> None:
        parsed["output"]["message"].pop(lacks, None)
        parsed["output"].pop(lacks, None)
        parsed.pop(lacks, None)

    hooks = clients.bedrock_runtime(read_seconds=60).meta.events
    hooks.register("after-call.bedrock-runtime.Converse", without)
    try:
        evaluation = settle(world, start(world))
    finally:
        hooks.unregister("after-call.bedrock-runtime.Converse", without)
    assert (evaluation.state, evaluation.lost_calls, world.door.calls("Converse")) == ("Completed", 0, PLANNED)


def test_answers_that_are_lost_cost_no_more_calls_than_planned(world):
    """Each is charged and never arrives: the calls run out, and what is missing counts as failed."""
    world.door.add(BedrockFault("Converse", kind="timeout_after_effect", share=1.0, model=THEIRS))
    with waits_pass_at_once(world):
        evaluation = settle(world, start(world))
    assert evaluation.conclusion
    assert evaluation.conclusion.verdict == "incomplete"
    assert PLANNED < world.door.calls("Converse") <= evaluation.most_calls == PLANNED + 2 * CHUNK


def test_visits_that_always_die_cost_no_more_calls_than_planned(world):
    evaluation_id, asking = begun(world)
    for _ in range(6):
        with world.interrupted(crash, 4, "after"), suppress(Crash):
            world.evaluate(asking[0])
    assert world.door.calls("Converse") <= row(world, evaluation_id).most_calls
    work(world, asking[1:])
    evaluation = settle(world, evaluation_id)
    assert evaluation.conclusion
    assert world.door.calls("Converse") <= evaluation.most_calls


# --- stopped and erased


def test_after_a_stop_nothing_is_asked(world):
    evaluation_id, asking = begun(world)
    world.evaluate(asking[0])
    assert stop(world, evaluation_id)["state"] == "Stopping"
    work(world, asking[1:])
    assert row(world, evaluation_id).state == "Stopped"
    stall(world)
    assert world.door.calls("Converse") == CHUNK
    assert settle(world, evaluation_id).conclusion is None
    ((_, told),) = world.notifications()
    assert (told["state"], told["verdict"]) == ("Stopped", None)


def test_a_stop_waits_for_the_calls_under_way(world):
    """Or answers would be stored after the data that they are about were deleted."""
    evaluation_id, asking = begun(world)

    def stopped() -> None:
        stop(world, evaluation_id)
        work(world)
        assert row(world, evaluation_id).state == "Stopping"

    with world.interrupted(stopped, 4) as watch:
        world.evaluate(asking[0])
    assert watch.names[4] == "Converse"
    assert sum(stored(world, evaluation_id).values()) == CHUNK
    work(world, asking[1:])
    assert row(world, evaluation_id).state == "Stopped"
    assert world.door.calls("Converse") == CHUNK


def test_a_visit_that_read_the_row_before_the_stop_asks_nothing_after_it(world):
    evaluation_id, asking = begun(world)

    def stopped() -> None:
        stop(world, evaluation_id)
        work(world)

    with world.interrupted(stopped, 3) as watch:
        world.evaluate(asking[0])
    assert watch.names[3] == "TransactWriteItems"
    assert row(world, evaluation_id).state == "Stopped"
    assert world.door.calls("Converse") == 0


def test_a_stop_ends_though_the_visit_that_it_waits_for_died(world):
    evaluation_id, asking = begun(world)
    with world.interrupted(crash, 5), suppress(Crash):
        world.evaluate(asking[0])
    stop(world, evaluation_id)
    work(world)
    assert row(world, evaluation_id).state == "Stopping"
    assert settle(world, evaluation_id).state == "Stopped"


@pytest.mark.parametrize("when", ["before", "while", "after"])
def test_an_evaluation_whose_questions_are_gone_fails(world, when):
    """No deletion of ours does that, which waits for evaluations; a person in S3 can."""
    evaluation_id, asking = begun(world)
    work(world, {"before": [], "while": asking[:2], "after": asking[:3]}[when])
    if when == "after":
        for message in asking[3:]:
            world.evaluate(message)
    folder = f"evaluations/support/1/{evaluation_id}/0.questions.jsonl"
    world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=folder)
    evaluation = settle(world, evaluation_id)
    assert (evaluation.state, evaluation.failure_code) == ("Failed", "data_gone")
    assert world.door.calls("Converse", OURS) <= PLANNED / 2


def test_answers_that_s3_denies_for_a_while_end_no_evaluation(world):
    evaluation_id, asking = begun(world)
    for message in asking:
        world.evaluate(message)
    deny = interference(Fault("access_denied"), sleep=lambda _: None)

    def reading(attempt: Attempt, answered: Callable[[], Answer]) -> Answer:
        return deny(attempt, answered) if attempt.operation == "GetObject" else answered()

    for message in [*messages(world), {"kind": "advance_evaluation", "evaluation_id": evaluation_id}]:
        with (
            INJECTOR.watched(Watch(dict.fromkeys(range(50), reading))),
            pytest.raises(ClientError, match="AccessDenied"),
        ):
            world.evaluate(message)
    assert row(world, evaluation_id).state == "InProgress"
    check_whole(world, evaluation_id)
    assert world.door.calls("Converse") == PLANNED

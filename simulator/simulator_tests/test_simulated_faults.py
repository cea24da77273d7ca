"""Faults on purpose: refused, slow and lagging calls, lost and late events, jobs that fail in each documented way."""

from __future__ import annotations

import pytest
from bedrock_simulator import EventFault, Fault, FaultWishes, FaultyDoor, FaultyEvents, Simulator
from bedrock_simulator.faults import check
from bedrock_simulator.job_failures import CAUSES
from bedrock_simulator.operations import CONTROL, RUNTIME
from bedrock_simulator.protocol import declared_errors
from simulator_tests.laboratory import Lab, Refused

LIST = "ListModelCustomizationJobs"


def refused(lab, calls, operation="ListCustomModels", **parameters):
    """The numbers of the calls, counted from 1, that were refused, and their codes."""
    found = {}
    for number in range(1, calls + 1):
        try:
            lab.ask(operation, **parameters)
        except Refused as refusal:
            found[number] = (refusal.code, refusal.status)
    return found


def test_the_nth_call_is_throttled_and_no_other(lab):
    lab.door.add(Fault("ListCustomModels", nth=2, kind="ThrottlingException"))
    assert refused(lab, 4) == {2: ("ThrottlingException", 429)}


def test_a_share_of_the_calls_fails_and_the_same_ones_each_time():
    seen = []
    for _ in range(2):
        lab = Lab()
        lab.door.add(Fault("ListCustomModels", share=0.25, kind="InternalServerException"))
        seen.append(refused(lab, 400))
    assert seen[0] == seen[1]
    assert 80 <= len(seen[0]) <= 120
    assert set(seen[0].values()) == {("InternalServerException", 500)}


def test_calls_above_a_rate_are_throttled_until_time_has_passed(lab):
    lab.door = FaultyDoor(lab.simulator, [Fault("*", above=5, kind="ThrottlingException")], lab.clock)
    assert list(refused(lab, 8)) == [6, 7, 8]
    lab.clock.advance(0.4)
    assert list(refused(lab, 4)) == [3, 4]


CONVERSATION = {"messages": [{"role": "user", "content": [{"text": "Why?"}]}]}
CLAUDE, LLAMA = "anthropic.claude-3-haiku-20240307-v1:0", "meta.llama3-1-8b-instruct-v1:0"


def test_each_model_is_throttled_at_a_rate_of_its_own(lab):
    rules = [Fault("Converse", above=rate, kind="ThrottlingException", model=model)
             for model, rate in ((CLAUDE, 2), (LLAMA, 3))]  # fmt: skip
    lab.door = FaultyDoor(lab.simulator, rules, lab.clock)
    for _ in range(2):
        assert list(refused(lab, 5, "Converse", modelId=CLAUDE, **CONVERSATION)) == [3, 4, 5]
        assert list(refused(lab, 5, "Converse", modelId=LLAMA, **CONVERSATION)) == [4, 5]
        assert refused(lab, 5, "Converse", modelId=f"us.{CLAUDE}", **CONVERSATION) == {}
        lab.clock.advance(1)


def test_calls_are_counted_by_model(lab):
    lab.door.add(Fault("Converse", nth=2, kind="ThrottlingException", model=CLAUDE))
    assert refused(lab, 3, "Converse", modelId=LLAMA, **CONVERSATION) == {}
    assert list(refused(lab, 3, "Converse", modelId=CLAUDE, **CONVERSATION)) == [2]
    assert (lab.door.calls("Converse"), lab.door.calls("*", CLAUDE), lab.door.calls("Converse", LLAMA)) == (6, 3, 3)


@pytest.mark.parametrize("operation", [*CONTROL, *RUNTIME])
def test_every_operation_can_answer_each_error_that_its_model_declares_and_no_other(lab, operation):
    service = "bedrock" if operation in CONTROL else "bedrock-runtime"
    declared = declared_errors(service, operation)
    assert {"ThrottlingException", "InternalServerException", "ValidationException"} <= declared
    for code in sorted(declared):
        check(Fault(operation, kind=code))
    for code in {"NoSuchResourceException", "ModelNotReadyException", "ServiceUnavailableException"} - declared:
        with pytest.raises(ValueError, match="does not declare"):
            check(Fault(operation, kind=code))


def test_a_refused_call_had_no_effect_unless_the_fault_says_so(lab):
    create = "CreateModelCustomizationJob"
    lab.door.add(Fault(create, kind="InternalServerException"))
    lab.door.add(Fault(create, nth=2, kind="InternalServerException", after_effect=True))
    assert lab.refusal(create, **lab.job(clientRequestToken="t1")).code == "InternalServerException"
    assert lab.simulator.ledger() == ()
    assert lab.refusal(create, **lab.job(clientRequestToken="t1")).code == "InternalServerException"
    assert len(lab.simulator.ledger()) == 1
    lab.start(clientRequestToken="t1")
    assert len(lab.simulator.ledger()) == 1


def test_a_lost_request_had_no_effect(lab):
    lab.door.add(Fault("CreateModelCustomizationJob", kind="timeout_before_effect"))
    assert lab.send("CreateModelCustomizationJob", **lab.job()).lost
    assert lab.simulator.ledger() == ()


def test_a_slow_answer_is_the_same_answer_later(lab):
    lab.door.add(Fault("ListCustomModels", nth=2, kind="slow", seconds=7.5))
    answers = [lab.send("ListCustomModels") for _ in range(2)]
    assert [answer.delay_seconds for answer in answers] == [0, 7.5]
    assert answers[0].body == answers[1].body


def test_a_lagging_list_lacks_what_is_new_and_get_does_not(lab):
    lab.start()
    lab.clock.advance(100)
    new = lab.start(jobName="job-2", customModelName="model-2")
    lab.door.add(Fault(LIST, share=1, kind="lagging", seconds=60))
    assert [job["jobName"] for job in lab.ask(LIST)["modelCustomizationJobSummaries"]] == ["job-1"]
    assert lab.ask("GetModelCustomizationJob", jobIdentifier=new)["status"] == "InProgress"
    lab.clock.advance(60)
    assert len(lab.ask(LIST)["modelCustomizationJobSummaries"]) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("ListUnicorns", kind="ThrottlingException"), "no operation"),
        (Fault("ListCustomModels", kind="ConflictException"), "does not declare"),
        (Fault("ListCustomModels", kind="lagging"), "seconds"),
        (Fault("GetCustomModel", kind="lagging", seconds=1), "only a list"),
        (Fault("ListCustomModels", model="m"), "asks no model"),
        (Fault("ListCustomModels", nth=0), "from 1"),
        (Fault("ListCustomModels", share=1.5), "between 0 and 1"),
        (Fault("ListCustomModels", above=0), "positive"),
        (Fault("ListCustomModels", share=1, above=1), "not both"),
    ],
)
def test_a_fault_that_could_never_happen_is_refused(lab, fault, words):
    with pytest.raises(ValueError, match=words):
        lab.door.add(fault)


# --- events -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(lab):
    """A laboratory whose events pass through faults: `faults` has them, `statuses` what arrived."""
    lab.faults = FaultyEvents(lab.events.append, clock=lab.clock)
    lab.simulator = Simulator(objects=lab.objects, publish=lab.faults, clock=lab.clock)
    lab.door = FaultyDoor(lab.simulator)
    lab.statuses = lambda: [event.detail["jobStatus"] for event in lab.events]
    return lab


def test_without_faults_events_arrive_as_they_are(told):
    told.train()
    assert told.statuses() == ["InProgress", "Completed"]
    assert told.faults.run_due() is None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (EventFault("drop", share=1), []),
        (EventFault("drop"), ["Completed"]),
        (EventFault("drop", status="Completed"), ["InProgress"]),
        (EventFault("duplicate", nth=2), ["InProgress", "Completed", "Completed"]),
        (EventFault("reorder", seconds=50_000), ["Completed", "InProgress"]),
    ],
)
def test_events_are_lost_doubled_and_reordered(told, fault, expected):
    told.faults.add(fault)
    told.train()
    assert told.statuses() == expected


@pytest.mark.parametrize("fault", [EventFault("delay", seconds=86_400), EventFault("duplicate", seconds=86_400)])
def test_an_event_can_come_a_day_late(told, fault):
    told.faults.add(fault)
    told.train()
    before = told.statuses()
    assert before[-1] == "Completed"
    assert told.faults.run_due() == 86_400 - 20_000
    told.clock.advance(86_400 - 20_000)
    assert told.faults.run_due() is None
    assert told.statuses() == [*before, "InProgress"]
    assert told.events[-1].time < told.events[-2].time


def test_an_event_that_nothing_overtakes_comes_all_the_same(told):
    told.faults.add(EventFault("reorder", nth=2, seconds=60))
    told.train()
    assert told.statuses() == ["InProgress"]
    told.clock.advance(60)
    told.faults.run_due()
    assert told.statuses() == ["InProgress", "Completed"]


def test_what_is_held_back_still_comes_after_the_rules_are_gone(told):
    told.faults.add(EventFault("delay", seconds=10))
    told.start()
    told.faults.clear()
    told.clock.advance(10)
    told.faults.run_due()
    assert told.statuses() == ["InProgress"]


@pytest.mark.parametrize("fault", [EventFault("delay"), EventFault("reorder"), EventFault("duplicate", seconds=-1)])
def test_an_event_can_not_be_late_by_nothing(told, fault):
    with pytest.raises(ValueError, match="seconds"):
        told.faults.add(fault)


# --- jobs -------------------------------------------------------------------------------------------------------------

PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")


@pytest.mark.parametrize(
    ("cause", "phases", "words"),
    [
        ("data_format", ("Failed", "NotStarted", "NotStarted"), "Unable to parse Amazon S3 file: train.jsonl."),
        ("data_access", ("Failed", "NotStarted", "NotStarted"), "Amazon S3 bucket: data at key train.jsonl"),
        ("output_access", ("Failed", "NotStarted", "NotStarted"), "data at key out/.write_access_check_file.tmp"),
        ("token_limit", ("Completed", "Failed", "NotStarted"), "Maximum input token count 4097"),
        ("license_terms", ("Completed", "Failed", "NotStarted"), "third-party license terms"),
        ("internal", ("Completed", "Completed", "Failed"), "Encountered an unexpected error"),
    ],
)  # fmt: skip
def test_a_job_fails_in_each_documented_way(lab, cause, phases, words):
    lab.simulator.fail_next_job(cause)
    lab.start()
    lab.start(jobName="job-2", customModelName="model-2")
    lab.advance(20_000)
    job = lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")
    assert (job["status"], tuple(job["statusDetails"][phase]["status"] for phase in PHASES)) == ("Failed", phases)
    assert words in job["failureMessage"]
    assert "outputModelArn" not in job
    assert [e.detail.get("failureMessage") for e in lab.events if e.detail["jobStatus"] == "Failed"] == [
        job["failureMessage"]
    ]
    assert lab.simulator.ledger()[0].trained_tokens == 0
    assert lab.ask("GetModelCustomizationJob", jobIdentifier="job-2")["status"] == "Completed"


def test_every_cause_is_tried_above():
    tried = next(mark for mark in test_a_job_fails_in_each_documented_way.pytestmark if mark.name == "parametrize")
    assert {row[0] for row in tried.args[1]} == set(CAUSES)


def test_a_job_that_is_to_fail_does_so_after_a_restart(lab):
    lab.simulator.fail_next_job("internal")
    lab.start()
    restarted = lab.new_simulator()
    restarted.restore(lab.simulator.snapshot())
    lab.door = FaultyDoor(restarted)
    lab.clock.advance(20_000)
    assert lab.ask("GetModelCustomizationJob", jobIdentifier="job-1")["status"] == "Failed"


# --- wishes -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def wishes(told):
    return FaultWishes(told.simulator, told.door, told.faults)


def test_wishes_count_from_now_on(told, wishes):
    told.ask("ListCustomModels")
    wishes.add({"operation": "ListCustomModels", "kind": "ThrottlingException", "nth": 2})
    assert list(refused(told, 3)) == [2]
    refused(told, 3, "Converse", modelId=CLAUDE, **CONVERSATION)
    wishes.add({"operation": "Converse", "kind": "ThrottlingException", "nth": 2, "model": CLAUDE})
    assert list(refused(told, 3, "Converse", modelId=CLAUDE, **CONVERSATION)) == [2]


def test_wishes_reach_events_and_jobs(told, wishes):
    wishes.add({"event": "drop", "status": "InProgress"})
    wishes.add({"job": "internal"})
    told.start()
    told.advance(20_000)
    assert told.statuses() == ["Failed"]


def test_wishes_can_be_withdrawn(told, wishes):
    wishes.add({"operation": "*", "kind": "ThrottlingException", "share": 1})
    wishes.add({"event": "drop", "share": 1})
    wishes.add({"job": "internal"})
    wishes.clear()
    told.train()
    assert told.statuses() == ["InProgress", "Completed"]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"job": "bad luck"},
        {"job": "internal", "nth": 2},
        {"event": "drop", "job": "internal"},
        {"event": "drop", "colour": "red"},
        {"event": "explode"},
        {"operation": "ListCustomModels", "kind": "sulking"},
        {"operation": "ListCustomModels", "kind": "ThrottlingException", "nth_call": 2},
        {"operation": "ListUnicorns", "kind": "ThrottlingException"},
        {"operation": "ListCustomModels", "kind": "ThrottlingException", "nth": -3},
        {"operation": "ListCustomModels", "kind": "ThrottlingException", "nth": 1.5},
        {"operation": "Converse", "kind": "ThrottlingException", "model": ["m"]},
        {"event": "drop", "nth": 0},
        [],
        "drop",
        None,
    ],
)
def test_a_wish_that_means_nothing_is_refused(told, wishes, wish):
    for _ in range(5):
        told.ask("ListCustomModels")
    with pytest.raises((ValueError, TypeError), match=r"."):
        wishes.add(wish)

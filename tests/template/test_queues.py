"""Queues: encrypted, with dead letters, and patient enough for the function that reads them."""

from __future__ import annotations

import pytest

QUEUE, MAPPING = "AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping"
SPARE_QUEUES = {"RuleDeadLetterQueue"}
FOURTEEN_DAYS = 14 * 24 * 3600


def dead_letter_queues(stack):
    named = {
        stack.referred(queue["RedrivePolicy"]["deadLetterTargetArn"]).id
        for queue in stack.of(QUEUE)
        if "RedrivePolicy" in queue.properties
    }
    return named | SPARE_QUEUES


def working_queues(stack):
    return [queue for queue in stack.of(QUEUE) if queue.id not in dead_letter_queues(stack)]


def test_every_queue_is_encrypted(stack):
    assert [queue.id for queue in stack.of(QUEUE) if queue.properties.get("SqsManagedSseEnabled") is not True] == []


def test_every_queue_that_is_worked_off_has_a_consumer_and_dead_letters_of_its_own(stack):
    working = working_queues(stack)
    targets = [queue["RedrivePolicy"]["deadLetterTargetArn"] for queue in working]
    assert len(set(targets)) == len(working) == 3
    consumed = [mapping["EventSourceArn"] for mapping in stack.of(MAPPING)]
    assert sorted(consumed) == sorted(queue.arn for queue in working)


def test_a_message_is_given_up_after_five_tries_and_then_kept_for_fourteen_days(stack):
    assert {queue["RedrivePolicy"]["maxReceiveCount"] for queue in working_queues(stack)} == {5}
    assert {stack[name]["MessageRetentionPeriod"] for name in dead_letter_queues(stack)} == {FOURTEEN_DAYS}


def test_a_message_stays_hidden_longer_than_its_function_may_work(stack):
    for mapping in stack.of(MAPPING):
        queue, function = stack.referred(mapping["EventSourceArn"]), stack.referred(mapping["FunctionName"])
        timeout, hidden = function["Timeout"], queue["VisibilityTimeout"]
        if timeout <= 60:
            assert hidden >= 6 * timeout, queue.id
        else:  # a multiple would keep a person waiting for hours after one crash
            assert hidden > timeout, queue.id


def test_one_bad_message_never_brings_back_its_neighbours(stack):
    for mapping in stack.of(MAPPING):
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_burst_never_takes_all_of_the_accounts_concurrency(stack):
    for mapping in stack.of(MAPPING):
        assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 10


@pytest.mark.parametrize("name", ["DatasetUploadedFunction", "SpendingRequestedFunction"])
def test_uploads_and_purchases_are_handled_one_at_a_time(stack, name):
    (mapping,) = (each for each in stack.of(MAPPING) if stack.referred(each["FunctionName"]).id == name)
    assert mapping["BatchSize"] == 1


def test_uploads_have_the_longest_time_and_the_visibility_that_the_design_promises(stack):
    assert stack["DatasetUploadedFunction"]["Timeout"] == 900
    assert stack["UploadQueue"]["VisibilityTimeout"] == 960


def test_every_dead_letter_queue_is_watched(stack):
    (alarm,) = (each for each in stack.of("AWS::CloudWatch::Alarm") if each.id == "DeadLettersAlarm")
    watched = {
        dimension["Value"]
        for metric in alarm["Metrics"]
        for dimension in metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", ())
    }
    assert watched == {f"<{name}.QueueName>" for name in dead_letter_queues(stack)}

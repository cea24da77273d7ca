"""Each service level of docs/operations.md is shown by a metric that its alarm watches."""

from __future__ import annotations

import re

import pytest

from tests.template.runbook import PAGE
from tests.template.test_alarms import ALARM, watched

_SECTION = re.search(r"## Service levels\n(.*?)\n## ", PAGE.read_text("utf-8"), re.DOTALL)
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in (_SECTION[1] if _SECTION else "").splitlines()
    if line.startswith("|")
][2:]


def test_what_people_wait_for_has_a_level():
    text = " ".join(row[0] for row in ROWS)
    assert all(word in text for word in ("verdict", "notice", "given back", "/v1/messages"))
    assert [row[0] for row in ROWS if row[0] and not row[1]] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[2]}-{row[3]}")
def test_its_metric_is_one_that_its_alarm_watches(stack, row):
    _, _, metric, alarm = row
    assert tuple(metric.split()) in watched(stack[alarm])


def test_the_alarm_of_late_messages_watches_every_queue_of_a_function(stack):
    queues = {stack.referred(each["EventSourceArn"]).id for each in stack.of("AWS::Lambda::EventSourceMapping")}
    metrics = [each["MetricStat"]["Metric"] for each in stack["LateMessagesAlarm"]["Metrics"] if "MetricStat" in each]
    assert {stack.referred(each["Dimensions"][0]["Value"]).id for each in metrics} == queues
    assert [each.id for each in stack.of(ALARM) if "<SpendQueue.QueueName>" in str(each.properties)] == [
        "LateMessagesAlarm"
    ]

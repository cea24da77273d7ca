"""Alarms: each rings where people listen, watches a metric that exists, and names the section that says what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALARM = "AWS::CloudWatch::Alarm"


def watched(alarm):
    """Namespace and name of each metric."""
    metrics = [each["MetricStat"]["Metric"] for each in alarm.properties.get("Metrics", ()) if "MetricStat" in each]
    return {(metric["Namespace"], metric["MetricName"]) for metric in metrics or [alarm]}


def words_of_the_code():
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "functions").rglob("*.py")]
    return {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def test_what_may_cost_money_or_lose_data_rings_apart_from_what_is_somebodys_bad_file(stack):
    topics = {alarm.id: alarm["AlarmActions"] for alarm in stack.of(ALARM)}
    assert {name for name, rung in topics.items() if rung == ["<AlarmTopic>"]} == {
        "DeadLettersAlarm",
        "DeadStacksAlarm",
        "ExpiredCapacityAlarm",
        "UnbrakedCapacityAlarm",
        "LiveCapacityAlarm",
        "OrphansAlarm",
        "ReconcileMissingAlarm",
    }
    assert {name for name, rung in topics.items() if rung == ["<RoutineAlarmTopic>"]} == {
        "FailedJobsAlarm",
        "FaultsAlarm",
        "FunctionErrorsAlarm",
        "LateMessagesAlarm",
        "RejectedDatasetsAlarm",
    }
    assert len(topics) == 12


def test_an_alarm_tells_its_end_and_its_lack_of_data_where_it_rings(stack):
    for alarm in stack.of(ALARM):
        for kind in ("OKActions", "InsufficientDataActions"):
            assert alarm.properties.get(kind, alarm["AlarmActions"]) == alarm["AlarmActions"]


def test_a_dead_letter_that_is_gone_says_so(stack):
    """Else whoever is called at night learns of an end only by looking."""
    assert stack["DeadLettersAlarm"]["OKActions"] == stack["DeadLettersAlarm"]["AlarmActions"]


def test_no_alarm_rings_for_a_new_stack_which_has_no_data_yet(stack):
    assert {alarm["TreatMissingData"] for alarm in stack.of(ALARM)} == {"missing", "notBreaching"}


def test_every_alarm_ends_in_a_section_of_operations(stack):
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/operations.md").read_text("utf-8"), re.MULTILINE)
    known = {heading.lower().replace(" ", "-") for heading in headings}
    for alarm in stack.of(ALARM):
        section = re.search(r" docs/operations\.md#([a-z-]+)$", alarm["AlarmDescription"])
        assert section, alarm.id
        assert section[1] in known, alarm.id


def test_every_metric_of_ours_that_an_alarm_watches_is_written_somewhere(stack):
    ours = {name for alarm in stack.of(ALARM) for namespace, name in watched(alarm) if namespace == "Tunedrop"}
    assert ours
    assert ours - words_of_the_code() == set()

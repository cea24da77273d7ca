"""Alarms: each rings where it is let in, on a metric that somebody writes; nothing that may fail is unwatched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.template.stack import NAME, Resource, Stack, statements
from tests.template.wiring.finding import ROOT, Code, Finding, pointed
from tests.template.wiring.queues import dead_letters_of

ALARM, CLOUDWATCH = "AWS::CloudWatch::Alarm", "cloudwatch.amazonaws.com"
LATE = "1800"
"""Seconds after which a message that still waits is late: docs/operations.md#service-levels."""


OURS, MINUTE, FIVE = "Tunedrop", 60, 300
WATCH: Mapping[str, tuple[str, str, str, int, int]] = {
    "DeadLettersAlarm": ("AWS/SQS ApproximateNumberOfMessagesVisible", "SUM(METRICS())", "Maximum", MINUTE, 1),
    "FunctionErrorsAlarm": ("AWS/Lambda Errors", "SUM(METRICS())", "Sum", FIVE, 1),
    "LateMessagesAlarm": ("AWS/SQS ApproximateAgeOfOldestMessage", "MAX(METRICS())", "Maximum", FIVE, 1),
    "RejectedDatasetsAlarm": (f"{OURS} DatasetRejected", "", "Sum", FIVE, 1),
    "FailedJobsAlarm": (f"{OURS} JobFailed", "", "Sum", FIVE, 1),
    "ExpiredCapacityAlarm": (f"{OURS} ExpiredPurchases", "", "Maximum", FIVE, 3),
    "UnbrakedCapacityAlarm": (f"{OURS} UnbrakedPurchases", "", "Maximum", FIVE, 3),
    "FaultsAlarm": (f"AWS/ApiGateway 5XXError, {OURS} MessageFailed", "SUM(METRICS())", "Sum", FIVE, 1),
    "OrphansAlarm": (f"{OURS} OrphanFound", "", "Sum", FIVE, 1),
    "DeadStacksAlarm": (f"{OURS} DeadStackThroughputs", "", "Maximum", FIVE, 1),
    "LiveCapacityAlarm": (f"{OURS} LiveModelUnits", "", "Maximum", FIVE, 1),
    "ReconcileMissingAlarm": (f"{OURS} ReconcileCompleted", "", "Sum", FIVE, 3),
}
"""Each alarm with its metrics, what it makes of several, the statistic, its period in seconds, and how many of them."""


def check_watch(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each alarm that is promised is there, and looks at what it is named after, as often as it is promised."""
    for name in sorted({each.id for each in stack.of(ALARM)} ^ WATCH.keys()):
        yield Finding(name, "is an alarm that nobody promised" if name not in WATCH else "is promised and not there")
    for alarm in stack.of(ALARM):
        if alarm.id in WATCH and (found := _watch(alarm)) != WATCH[alarm.id]:
            yield Finding(alarm.id, f"watches {found} instead of {WATCH[alarm.id]}")


def _watch(alarm: Resource) -> tuple[str, str, str, int, int]:
    own = alarm.properties
    queries = [each for each in own.get("Metrics", ()) if "MetricStat" in each]
    metrics = ", ".join(sorted({f"{each.get('Namespace')} {each.get('MetricName')}" for each, _ in _metrics(alarm)}))
    shown = [str(each.get("Expression")) for each in own.get("Metrics", ()) if each.get("ReturnData") is not False]
    statistics = {str(each["MetricStat"]["Stat"]) for each in queries} or {str(own.get("Statistic"))}
    periods = {period for _, period in _metrics(alarm)}
    longest = max(periods, default=0) if len(periods) == 1 else 0
    return metrics, ", ".join(shown), ", ".join(sorted(statistics)), longest, int(own.get("EvaluationPeriods", 0))


def _metrics(alarm: Resource) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Each metric that an alarm watches, with its period in seconds."""
    for each in alarm.properties.get("Metrics", ()):
        if "MetricStat" in each:
            yield each["MetricStat"]["Metric"], int(each["MetricStat"]["Period"])
    if "MetricName" in alarm.properties:
        yield alarm.properties, int(alarm.properties.get("Period", 0))


def _watched(stack: Stack, namespace: str, name: str) -> set[str]:
    """What the dimensions of a metric name, over all alarms that ring."""
    return {
        str(dimension["Value"])
        for alarm in stack.of(ALARM)
        if alarm.properties.get("AlarmActions")
        for metric, _ in _metrics(alarm)
        if (metric.get("Namespace"), metric.get("MetricName")) == (namespace, name)
        for dimension in metric.get("Dimensions", ())
    }


def check_rings(stack: Stack, code: Code) -> Iterator[Finding]:
    """An alarm rings on topics that let CloudWatch in."""
    for alarm in stack.of(ALARM):
        if not alarm.properties.get("AlarmActions") or alarm.properties.get("ActionsEnabled") is False:
            yield Finding(alarm.id, "rings nowhere")
        names = ("AlarmActions", "OKActions", "InsufficientDataActions")
        for action in [each for name in names for each in alarm.properties.get(name, ())]:
            topic = pointed(stack, action)
            if topic is None or topic.type != "AWS::SNS::Topic" or not _admits(stack, topic):
                yield Finding(alarm.id, f"rings on {action}, which doesn't let CloudWatch in")


def _admits(stack: Stack, topic: Resource) -> bool:
    return any(
        CLOUDWATCH in statement.principals.get("Service", ()) and statement.allows("sns:Publish", topic.arn)
        for policy in stack.of("AWS::SNS::TopicPolicy")
        if topic in [pointed(stack, each) for each in policy["Topics"]]
        for statement in statements(policy, policy["PolicyDocument"])
    )


def check_watched(stack: Stack, code: Code) -> Iterator[Finding]:
    """Every queue of dead letters, every function's errors and every API's faults ring an alarm."""
    letters = _watched(stack, "AWS/SQS", "ApproximateNumberOfMessagesVisible")
    for name in dead_letters_of(stack):
        if f"<{name}.QueueName>" not in letters:
            yield Finding(name, "fills up without an alarm")
    errors = _watched(stack, "AWS/Lambda", "Errors")
    for function in stack.of("AWS::Lambda::Function"):
        if f"<{function.id}>" not in errors:
            yield Finding(function.id, "fails without an alarm")
    faults = _watched(stack, "AWS/ApiGateway", "5XXError")
    for api in stack.of("AWS::ApiGateway::RestApi"):
        if api["Name"] not in faults:
            yield Finding(api.id, "answers 5XX without an alarm")


def check_metrics(stack: Stack, code: Code) -> Iterator[Finding]:
    """An alarm's metric of ours is one that the code writes, in this stack's dimension."""
    for alarm in stack.of(ALARM):
        found = list(_metrics(alarm))
        if not found:
            yield Finding(alarm.id, "watches nothing")
        for metric, period in found:
            if period <= 0 or period % 60:
                yield Finding(alarm.id, "looks in other than whole minutes")
            if metric.get("Namespace") != "Tunedrop":
                continue
            if metric["MetricName"] not in code.strings():
                yield Finding(alarm.id, f"watches {metric['MetricName']}, which nobody writes")
            if metric.get("Dimensions") != [{"Name": "service", "Value": NAME}]:
                yield Finding(alarm.id, "watches all stacks of the account, or none")


def check_thresholds(stack: Stack, code: Code) -> Iterator[Finding]:
    """An alarm of a count rings at the first one; the heartbeat's when nothing comes; one of an age when it is late."""
    for alarm in stack.of(ALARM):
        own = alarm.properties
        heartbeat = own.get("MetricName") == "ReconcileCompleted"
        if own.get("ComparisonOperator") != ("LessThanThreshold" if heartbeat else "GreaterThanThreshold"):
            yield Finding(alarm.id, "compares the other way around")
        silence = own.get("TreatMissingData", "missing")
        rings = silence == "breaching" or (silence == "missing" and bool(own.get("InsufficientDataActions")))
        if heartbeat != rings or (not heartbeat and silence != "notBreaching"):
            yield Finding(alarm.id, "takes silence for the wrong thing")
        capped = own.get("MetricName") == "LiveModelUnits"
        aged = "ApproximateAgeOfOldestMessage" in str(own.get("Metrics"))
        wanted = stack.parameters["MaxModelUnits"] if capped else "1" if heartbeat else LATE if aged else "0"
        if str(own.get("Threshold")) != wanted:
            yield Finding(alarm.id, f"rings at {own.get('Threshold')} instead of {wanted}")


def check_sections(stack: Stack, code: Code) -> Iterator[Finding]:
    """An alarm's description ends in the section of docs/operations.md that says what to do."""
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/operations.md").read_text("utf-8"), re.MULTILINE)
    known = {heading.lower().replace(" ", "-") for heading in headings}
    for alarm in stack.of(ALARM):
        section = re.search(r" docs/operations\.md#([a-z-]+)$", str(alarm.properties.get("AlarmDescription")))
        if section is None or section[1] not in known:
            yield Finding(alarm.id, "says nowhere what to do")


CHECKS = (check_rings, check_watch, check_watched, check_metrics, check_thresholds, check_sections)

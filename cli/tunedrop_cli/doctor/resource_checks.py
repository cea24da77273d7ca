"""`--deep`: whether what the stack made still is as the template says, and quiet. Only reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tunedrop_cli.doctor.outcomes import CannotTell, Check, Outcome, attention, failed, ok, unknown
from tunedrop_cli.doctor.reading import Reader

QUIET_FROM = timedelta(minutes=10)
"""After a deploy: two rounds of `reconcile`, and their metrics."""
FUNCTIONS = (
    "DatasetUploaded",
    "ControlApi",
    "JobStateChanged",
    "SpendingRequested",
    "Reconcile",
    "MessagesApi",
    "DeletionGuard",
)
SOURCES = {
    "DatasetUploadedFunction": "UploadQueue",
    "JobStateChangedFunction": "JobEventQueue",
    "SpendingRequestedFunction": "SpendQueue",
}
RULES = ("UploadRule", "JobStateChangeRule", "NotificationRule", "ReconcileFunctionEveryFiveMinutes")
TABLES = ("StateTable", "AccessTable")
ROLES = (*(f"{name}Role" for name in FUNCTIONS), "BedrockRole")
STAGES = {"ControlApi": "v1", "MessagesApi": "live"}
DEPLOY = "make deploy"


def alarms(reader: Reader) -> Outcome:
    """Whether any alarm of the stack rings, and whether ReconcileMissingAlarm has seen `reconcile`."""
    names = {physical: logical for logical, physical in reader.resources().items() if logical.endswith("Alarm")}
    answer = reader.ask("cloudwatch", "describe_alarms", AlarmNames=sorted(names))
    states = {names[each["AlarmName"]]: each["StateValue"] for each in answer["MetricAlarms"]}
    if gone := set(names.values()) - set(states):
        return failed(f"deleted: {', '.join(sorted(gone))}", command=DEPLOY, values={"states": states})
    command = f"aws cloudwatch describe-alarms --alarm-name-prefix {reader.name}-"
    if ringing := sorted(name for name, state in states.items() if state == "ALARM"):
        advice = "The alarm's description names its section of docs/operations.md."
        return failed(
            f"ringing: {', '.join(ringing)}", advice, f"{command} --state-value ALARM", values={"states": states}
        )
    watch = states["ReconcileMissingAlarm"]
    if watch == "OK":
        return ok(
            f"none of {len(states)} rings, and ReconcileMissingAlarm has seen reconcile", values={"states": states}
        )
    if datetime.now(UTC) - reader.deployed().changed_at < QUIET_FROM:
        return unknown(
            "ReconcileMissingAlarm has no data yet: look again ten minutes after the deploy", values={"states": states}
        )
    return failed(
        f"ReconcileMissingAlarm is {watch}: nothing gives capacity back", command=command, values={"states": states}
    )


def dead_letters(reader: Reader) -> Outcome:
    """Whether messages were given up on."""
    counts = {}
    for url in reader.output("DeadLetterQueueUrls").split():
        wanted = ["ApproximateNumberOfMessages"]
        answer = reader.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=wanted)
        counts[url] = int(answer["Attributes"][wanted[0]])
    full = {url: count for url, count in counts.items() if count}
    values = {urlsplit(url).path.rpartition("/")[2]: count for url, count in counts.items()}
    if not full:
        return ok(f"{len(counts)} queues of dead letters are empty", values={"messages": values})
    first = next(iter(full))
    advice = "See docs/operations.md#dead-letters. Nothing is lost."
    command = f"aws sqs receive-message --queue-url {first} --visibility-timeout 0"
    return failed(f"{sum(full.values())} messages were given up on", advice, command, values={"messages": values})


def bucket(reader: Reader) -> Outcome:
    """Whether the bucket is encrypted with the stack's key, versioned, closed, TLS only, and tells EventBridge."""
    name = reader.resource("DataBucket")
    read = {each: reader.ask("s3", each, Bucket=name) for each in _OF_BUCKETS}
    default = read["get_bucket_encryption"]["ServerSideEncryptionConfiguration"]["Rules"][0]
    by_default = default["ApplyServerSideEncryptionByDefault"]
    closed = read["get_public_access_block"]["PublicAccessBlockConfiguration"]
    statements = json.loads(read["get_bucket_policy"]["Policy"])["Statement"]
    expected = {
        "encrypted with the stack's key": by_default.get("KMSMasterKeyID") == reader.output("KeyArn"),
        "with a bucket key": default.get("BucketKeyEnabled") is True,
        "versioned": read["get_bucket_versioning"].get("Status") == "Enabled",
        "closed to the public": all(closed.get(each) for each in closed) and len(closed) == len(_CLOSED),
        "TLS only": any(_is_tls_only(each) for each in statements),
        "its events reach EventBridge": "EventBridgeConfiguration" in read["get_bucket_notification_configuration"],
    }
    return _as_the_template_says("the data bucket", expected)


_OF_BUCKETS = (
    "get_bucket_encryption",
    "get_bucket_versioning",
    "get_public_access_block",
    "get_bucket_policy",
    "get_bucket_notification_configuration",
)
_CLOSED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _is_tls_only(statement: Mapping[str, Any]) -> bool:
    secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return statement["Effect"] == "Deny" and str(secure).lower() == "false"


def tables(reader: Reader) -> Outcome:
    """Whether both tables are encrypted with the stack's key and can be restored, and old requests go by themselves."""
    expected: dict[str, bool] = {}
    key = reader.output("KeyArn")
    for logical_id in TABLES:
        name = reader.resource(logical_id)
        table = reader.ask("dynamodb", "describe_table", TableName=name)["Table"]
        backups = reader.ask("dynamodb", "describe_continuous_backups", TableName=name)["ContinuousBackupsDescription"]
        restorable = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED"
        expected[f"{logical_id} active"] = table["TableStatus"] == "ACTIVE"
        expected[f"{logical_id} encrypted"] = table.get("SSEDescription", {}).get("KMSMasterKeyArn") == key
        expected[f"{logical_id} restorable"] = restorable
    access = reader.ask("dynamodb", "describe_time_to_live", TableName=reader.resource("AccessTable"))
    expected["AccessTable forgets"] = access["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    return _as_the_template_says("the tables", expected)


def roles(reader: Reader) -> Outcome:
    """Whether each role still has the one policy that the template gives it, and none besides."""
    expected: dict[str, bool] = {}
    for logical_id in ROLES:
        name = reader.resource(logical_id)
        inline = reader.ask("iam", "list_role_policies", RoleName=name)["PolicyNames"]
        attached = reader.ask("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]
        expected[f"{logical_id} has its policy"] = len(inline) == 1
        expected[f"{logical_id} has no other"] = not attached
    return _as_the_template_says("the roles", expected)


def functions(reader: Reader) -> Outcome:
    """Whether each function can run: active, updated, and not held at no concurrency."""
    expected: dict[str, bool] = {}
    for each in FUNCTIONS:
        name = reader.resource(f"{each}Function")
        found = reader.ask("lambda", "get_function_configuration", FunctionName=name)
        reserved = reader.ask("lambda", "get_function_concurrency", FunctionName=name)
        expected[f"{each} active"] = found.get("State", "Active") == "Active"
        expected[f"{each} updated"] = found.get("LastUpdateStatus", "Successful") == "Successful"
        expected[f"{each} may run"] = reserved.get("ReservedConcurrentExecutions") != 0
    return _as_the_template_says("the functions", expected)


def event_sources(reader: Reader) -> Outcome:
    """Whether each queue feeds its function."""
    expected: dict[str, bool] = {}
    for function, queue in SOURCES.items():
        found = reader.every(
            "lambda", "list_event_source_mappings", "EventSourceMappings", FunctionName=reader.resource(function)
        )
        expected[f"{queue} feeds {function}"] = [each["State"] for each in found] == ["Enabled"]
    return _as_the_template_says("the queues' consumers", expected)


def rules(reader: Reader) -> Outcome:
    """Whether each rule is on and has its target."""
    expected: dict[str, bool] = {}
    for logical_id in RULES:
        name = reader.resource(logical_id)
        expected[f"{logical_id} on"] = reader.ask("events", "describe_rule", Name=name)["State"] == "ENABLED"
        expected[f"{logical_id} has a target"] = bool(
            reader.ask("events", "list_targets_by_rule", Rule=name)["Targets"]
        )
    return _as_the_template_says("the rules", expected)


def throttles(reader: Reader) -> Outcome:
    """Whether both APIs are throttled: a stage without settings lets one caller take the account's whole rate."""
    rates: dict[str, Any] = {}
    for logical_id, stage in STAGES.items():
        found = reader.ask("apigateway", "get_stage", restApiId=reader.resource(logical_id), stageName=stage)
        settings = found.get("methodSettings", {}).get("*/*", {})
        rates[logical_id] = {"rate": settings.get("throttlingRateLimit"), "burst": settings.get("throttlingBurstLimit")}
    bare = [name for name, rate in rates.items() if not rate["rate"] or not rate["burst"]]
    if bare:
        return failed(f"not throttled: {', '.join(bare)}", command=DEPLOY, values=rates)
    words = ", ".join(f"{name} {rate['rate']:g} a second, burst {rate['burst']}" for name, rate in rates.items())
    return ok(words, values=rates)


def _as_the_template_says(what: str, expected: Mapping[str, bool]) -> Outcome:
    """OK if all that is expected holds; else what does not."""
    if not expected:
        raise CannotTell(f"nothing is expected of {what}")
    if wrong := [words for words, holds in expected.items() if not holds]:
        return failed(
            f"not as the template says: {'; '.join(wrong)}", "Something changed it.", DEPLOY, values={"not_so": wrong}
        )
    return ok(f"{what}: as the template says")


def subscriptions(reader: Reader) -> Outcome:
    """Who hears the notifications."""
    topics = [reader.output(name) for name in ("PeopleTopicArn", "NotificationTopicArn")]
    there = [
        each
        for topic in topics
        for each in reader.every("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    ]
    pending = sum(not each["SubscriptionArn"].startswith("arn:") for each in there)
    protocols = sorted(each["Protocol"] for each in there)
    if pending:
        return attention(
            f"{pending} subscriptions wait for a confirmation", "Open the mail from AWS.", values={"pending": pending}
        )
    return ok(f"{len(there)} subscribers of the notifications", values={"protocols": protocols})


CHECKS = (
    Check("alarms", alarms),
    Check("dead-letters", dead_letters),
    Check("subscriptions", subscriptions),
    Check("bucket", bucket),
    Check("tables", tables),
    Check("roles", roles),
    Check("functions", functions),
    Check("event-sources", event_sources),
    Check("rules", rules),
    Check("throttles", throttles),
)

"""Event rules: what starts what, who lets it in, and what becomes of what nobody took."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from moto.events.models import EventPattern

from tests.builders import object_created
from tests.template.stack import ACCOUNT, NAME, PSEUDO, REGION, Resource, Stack, granted, statements
from tests.template.wiring.finding import ROOT, Code, Finding, pointed, under

RULE, FUNCTION, MAPPING = "AWS::Events::Rule", "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"
DESTINATION = "AWS::Events::ApiDestination"
EVENTS = "events.amazonaws.com"
POLICIES = {
    "AWS::SQS::QueuePolicy": ("sqs:SendMessage", "Queues"),
    "AWS::SNS::TopicPolicy": ("sns:Publish", "Topics"),
}
RECORDED = {
    path.stem: json.loads(path.read_text("utf-8").replace("tunedrop-data-123456789012", "<DataBucket>"))
    for path in sorted((ROOT / "events").glob("*.json"))
}
"""The events of `events/`, as the stack would see them."""
OURS = {
    kind: {"source": "tunedrop", "detail-type": kind, "detail": {"stack": PSEUDO["AWS::StackId"]}}
    for kind in ("DatasetPrepared", "JobFailed")
}
REASONS = ("PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload")
"""The calls that create an object: S3's `reason`, docs/facts.md#event-delivery."""
UPLOADED = ("incoming/support-bot/train.jsonl", "incoming/support-bot/dataset.toml", "incoming/support-bot/train/a.csv")
UNHEARD = frozenset({"ReconcileCompleted"})
"""A heartbeat, every five minutes."""
KINDS = re.compile("(Dataset|Job|Deployment|Purchase|Reconcile|Orphan)[A-Z][a-z]+")
"""Of our own events, which the code names in the past tense: docs/api.md."""
LEAST_AGE, LEAST_ATTEMPTS = 24 * 3600, 185
"""Seconds and attempts for which a rule tries to hand over what nobody sends a second time."""
KEYS = ("incoming/support-bot/train.jsonl", "prepared/support-bot/1/nova-lite/train.jsonl",
        "reports/support-bot/1/report.html", "outputs/support-bot/1/x/metrics.csv", "train.jsonl")  # fmt: skip
SIGNS_LINKS = {"ControlApiRole"}
"""May write where uploads arrive, because the links that it signs for people have its rights; it puts nothing there."""


def matches(rule: Resource, event: Mapping[str, Any]) -> bool:
    """Whether the event starts the rule. A pattern that can't be read matches nothing."""
    try:
        return bool(EventPattern.load(json.dumps(rule.properties["EventPattern"])).matches_event(cast("Any", event)))
    except (KeyError, TypeError, AttributeError):
        return False


def targets(stack: Stack) -> list[tuple[Resource, Mapping[str, Any]]]:
    """Each rule with each of its targets."""
    return [(rule, target) for rule in stack.of(RULE) for target in rule.properties.get("Targets", ())]


def admitted(stack: Stack, resource: Resource, rule: Resource) -> bool:
    """Whether EventBridge may bring it this rule's events: by its own policy, or a destination by the rule's role."""
    if resource.type == DESTINATION:
        roles = [
            role
            for target in rule.properties.get("Targets", ())
            if pointed(stack, target.get("Arn")) is resource and (role := pointed(stack, target.get("RoleArn")))
        ]
        return bool(roles) and all(_may_post(role, resource, rule) for role in roles)
    if resource.type == FUNCTION:
        return any(
            permission["Principal"] == EVENTS
            and pointed(stack, permission["FunctionName"]) is resource
            and permission.properties.get("SourceArn") == rule.arn
            for permission in stack.of("AWS::Lambda::Permission")
        )
    for policy in stack.of(*POLICIES):
        action, member = POLICIES[policy.type]
        if resource in [pointed(stack, each) for each in policy[member]]:
            for statement in statements(policy, policy["PolicyDocument"]):
                service = statement.principals.get("Service", ())
                if EVENTS in service and statement.allows(action, resource.arn):
                    return rule.arn in statement.condition("aws:SourceArn")
    return False


def _may_post(role: Resource, destination: Resource, rule: Resource) -> bool:
    """Whether EventBridge can take the role for this rule, and post with it. Rules are named after the stack."""
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-{rule.id}"
    taken = any(
        EVENTS in each.principals.get("Service", ())
        and any(fnmatch.fnmatchcase(arn, pattern) for pattern in each.condition("aws:SourceArn"))
        for each in statements(role, role["AssumeRolePolicyDocument"])
    )
    return taken and any(each.allows("events:InvokeApiDestination", destination.arn) for each in granted(role))


def check_targets(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each target exists and lets its rule in."""
    for rule in stack.of(RULE):
        if not rule.properties.get("Targets"):
            yield Finding(rule.id, "has no target")
    for rule, target in targets(stack):
        resource = pointed(stack, target.get("Arn"))
        if resource is None:
            yield Finding(rule.id, f"has a target that is not of this stack: {target.get('Arn')}")
        elif not admitted(stack, resource, rule):
            yield Finding(rule.id, f"is not let in by {resource.id}: its events are lost")


def check_strangers(stack: Stack, code: Code) -> Iterator[Finding]:
    """A target lets in no rule but its own."""
    wanted: dict[str, set[str]] = {}
    for rule, target in targets(stack):
        for arn in (target.get("Arn"), under(target, "DeadLetterConfig", "Arn")):
            if resource := pointed(stack, arn):
                wanted.setdefault(resource.id, set()).add(rule.id)
    for name, rules in wanted.items():
        strange = [each.id for each in stack.of(RULE) if each.id not in rules and admitted(stack, stack[name], each)]
        if strange:
            yield Finding(name, f"lets in rules that send it nothing: {', '.join(strange)}")


def check_undelivered(stack: Stack, code: Code) -> Iterator[Finding]:
    """What can't be delivered is tried again, then kept where the rule may put it."""
    for rule, target in targets(stack):
        if "RetryPolicy" not in target:
            yield Finding(rule.id, "doesn't say how long it tries")
        elif int(target["RetryPolicy"].get("MaximumRetryAttempts", 185)) == 0:
            yield Finding(rule.id, "never tries again")
        elif "EventPattern" in rule.properties and (
            int(target["RetryPolicy"].get("MaximumRetryAttempts", 185)) < LEAST_ATTEMPTS
            or int(target["RetryPolicy"].get("MaximumEventAgeInSeconds", 86400)) < LEAST_AGE
        ):
            yield Finding(rule.id, "gives up on what nobody sends again within 24 hours")
        kept = pointed(stack, under(target, "DeadLetterConfig", "Arn"))
        if kept is None:
            yield Finding(rule.id, "has no dead letters: what its target refuses is lost")
        elif not admitted(stack, kept, rule):
            yield Finding(rule.id, f"may not put dead letters into {kept.id}: they are lost")


def check_patterns(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each rule is started by something that happens, and each recorded event of AWS starts one."""
    on_the_bus = {name: event for name, event in RECORDED.items() if "detail-type" in event}
    for rule in stack.of(RULE):
        if rule.properties.get("State", "ENABLED") != "ENABLED":
            yield Finding(rule.id, "is switched off")
        if "EventPattern" not in rule.properties:
            if "ScheduleExpression" not in rule.properties:
                yield Finding(rule.id, "has neither pattern nor schedule")
        elif not any(matches(rule, event) for event in (*on_the_bus.values(), *OURS.values())):
            yield Finding(rule.id, "matches no event that happens")
    for name, event in on_the_bus.items():
        if event["source"] != "aws.events" and not any(matches(rule, event) for rule in stack.of(RULE)):
            yield Finding(f"events/{name}.json", "starts no rule")


def check_all_uploads(stack: Stack, code: Code) -> Iterator[Finding]:
    """Whichever way an object came, and whatever its file is, the upload rule hears of it."""
    for rule in [each for each in stack.of(RULE) if each.id == "UploadRule"]:
        for key in UPLOADED:
            for reason in REASONS:
                event = object_created(key, bucket="<DataBucket>")
                event["detail"]["reason"] = reason
                if not matches(rule, event):
                    yield Finding(rule.id, f"doesn't hear of {key} by {reason}")


def check_all_notices(stack: Stack, code: Code) -> Iterator[Finding]:
    """People hear of every kind of event that the code publishes, but for heartbeats."""
    stack_id = PSEUDO["AWS::StackId"]
    kinds = {word for path in code.texts if path.startswith("tunedrop/domain/reports/") for word in code.words(path)
             if KINDS.fullmatch(word)}  # fmt: skip
    for kind in sorted(kinds - UNHEARD):
        event = {"source": "tunedrop", "detail-type": kind, "detail": {"stack": stack_id}}
        if not any(matches(rule, event) for rule in stack.of(RULE)):
            yield Finding("NotificationRule", f"doesn't tell of {kind}")


def check_foreign_events(stack: Stack, code: Code) -> Iterator[Finding]:
    """An object of another bucket, or another stack's event, starts nothing; a heartbeat rings nowhere."""
    elsewhere = PSEUDO["AWS::StackId"].replace(f"stack/{NAME}", "stack/another")
    strange = {
        "an object of another bucket": object_created(KEYS[0], bucket="another"),
        "another stack's event": {**OURS["JobFailed"], "detail": {"stack": elsewhere}},
        "somebody else's event": {**OURS["JobFailed"], "source": "someone.else"},
        "a heartbeat": {**OURS["JobFailed"], "detail-type": "ReconcileCompleted"},
    }
    for rule in stack.of(RULE):
        for words, event in strange.items():
            if matches(rule, event):
                yield Finding(rule.id, f"is started by {words}")


def check_loops(stack: Stack, code: Code) -> Iterator[Finding]:
    """Nothing that a role of this stack writes into the bucket starts the rule that listens there."""
    for rule in stack.of(RULE):
        heard = [key for key in KEYS if matches(rule, object_created(key, bucket="<DataBucket>"))]
        for role in stack.of("AWS::IAM::Role"):
            written = {
                key
                for statement in granted(role)
                for key in heard
                if any(statement.allows(action, f"<DataBucket.Arn>/{key}") for action in ("s3:PutObject",))
            }
            if written and role.id not in SIGNS_LINKS:
                yield Finding(role.id, f"may write what starts {rule.id}, for ever: {', '.join(sorted(written))}")


def check_bucket_speaks(stack: Stack, code: Code) -> Iterator[Finding]:
    """A bucket whose objects a rule waits for sends its events."""
    for rule in stack.of(RULE):
        names = under(rule.properties, "EventPattern", "detail", "bucket", "name", default=())
        for bucket in [each for each in stack.of("AWS::S3::Bucket") if f"<{each.id}>" in names]:
            path = ("NotificationConfiguration", "EventBridgeConfiguration", "EventBridgeEnabled")
            if under(bucket.properties, *path) is not True:
                yield Finding(bucket.id, f"sends no events, and {rule.id} waits for them")


def check_reconcile(stack: Stack, code: Code) -> Iterator[Finding]:
    """Events are best effort, so one function looks every five minutes, and gives up before the next one does."""
    schedules = [rule for rule in stack.of(RULE) if "ScheduleExpression" in rule.properties]
    if [rule["ScheduleExpression"] for rule in schedules] != ["rate(5 minutes)"]:
        yield Finding("ReconcileFunction", "is not started every five minutes")
    bounded = {str(each["FunctionName"]) for each in stack.of("AWS::Lambda::EventInvokeConfig")
               if int(each.properties.get("MaximumEventAgeInSeconds", 21600)) <= 300}  # fmt: skip
    for rule in schedules:
        for target in rule.properties.get("Targets", ()):
            function = pointed(stack, target.get("Arn"))
            if function and not any(fnmatch.fnmatch(name, f"<{function.id}*") for name in bounded):
                yield Finding(function.id, "may work off a schedule's old starts for six hours")


CHECKS = (
    check_targets,
    check_strangers,
    check_undelivered,
    check_patterns,
    check_all_uploads,
    check_all_notices,
    check_foreign_events,
    check_loops,
    check_bucket_speaks,
    check_reconcile,
)

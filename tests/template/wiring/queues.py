"""Queues and the functions that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.template.stack import Resource, Stack, granted, statements
from tests.template.wiring.finding import Code, Finding, handler_module, pointed, returns, under

QUEUE, MAPPING, RULE = "AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule"
RECEIVES = 5
"""Fewer deliveries give up on a message during one short outage."""
SHORT_SECONDS = 60
"""AWS advises six times the function's time. For a longer function that would hide a message for hours after one
crash, so its messages stay hidden for one run; each of them is safe to handle twice."""
BEFORE_A_RUN = 60
"""Seconds that Lambda may hold a message before its run begins, while the function is throttled."""
KEPT_SECONDS = 14 * 24 * 3600
MOST_RECEIVES, LONGEST_HIDDEN = 10, 6
"""Beyond these, one bad message is paid for again and again, or one crash hides a release for hours (times the
function's time)."""
READING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")


def dead_letters_of(stack: Stack) -> dict[str, list[str]]:
    """Each queue that holds dead letters, with the queues, rules and functions whose letters they are."""
    found: dict[str, list[str]] = {}
    for queue in stack.of(QUEUE):
        if target := pointed(stack, under(queue.properties, "RedrivePolicy", "deadLetterTargetArn")):
            found.setdefault(target.id, []).append(queue.id)
    for rule in stack.of(RULE):
        for each in rule.properties.get("Targets", ()):
            if target := pointed(stack, under(each, "DeadLetterConfig", "Arn")):
                found.setdefault(target.id, []).append(rule.id)
    return found


def _working(stack: Stack) -> list[Resource]:
    """The queues that somebody has to read."""
    return [queue for queue in stack.of(QUEUE) if queue.id not in dead_letters_of(stack)]


def check_redrive(stack: Stack, code: Code) -> Iterator[Finding]:
    """A message that fails again and again ends in dead letters of its queue's own, after enough tries."""
    holding = dead_letters_of(stack)
    for queue in _working(stack):
        target = pointed(stack, under(queue.properties, "RedrivePolicy", "deadLetterTargetArn"))
        if target is None:
            yield Finding(queue.id, "has no dead letters: a message that can't be handled comes back for ever")
            continue
        if int(under(queue.properties, "RedrivePolicy", "maxReceiveCount", default=0)) < RECEIVES:
            yield Finding(queue.id, f"gives up on a message before {RECEIVES} deliveries")
        if int(under(queue.properties, "RedrivePolicy", "maxReceiveCount", default=0)) > MOST_RECEIVES:
            yield Finding(queue.id, f"delivers a message that can't be handled more than {MOST_RECEIVES} times")
        if "MessageRetentionPeriod" in queue.properties:
            yield Finding(queue.id, "keeps what waits for other than SQS's four days")
        if len(holding[target.id]) > 1:
            yield Finding(target.id, f"holds the dead letters of several: {', '.join(sorted(holding[target.id]))}")
        if bool(queue.properties.get("FifoQueue")) != bool(target.properties.get("FifoQueue")):
            yield Finding(queue.id, "and its dead letters are of different kinds, FIFO and standard")


def check_dead_letters_kept(stack: Stack, code: Code) -> Iterator[Finding]:
    """Dead letters wait for a person as long as SQS keeps them, and nobody else takes them."""
    read = {pointed(stack, mapping.properties.get("EventSourceArn")) for mapping in stack.of(MAPPING)}
    for name in dead_letters_of(stack):
        if int(stack[name].properties.get("MessageRetentionPeriod", 0)) < KEPT_SECONDS:
            yield Finding(name, "keeps dead letters for less than 14 days")
        if stack[name] in read:
            yield Finding(name, "holds dead letters and is read by a function")


def check_readers(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each queue is read by exactly one function, which is enabled and exists."""
    sources = []
    for mapping in stack.of(MAPPING):
        queue, function = (pointed(stack, mapping.properties.get(name)) for name in ("EventSourceArn", "FunctionName"))
        sources.append(queue)
        if queue is None or function is None:
            yield Finding(mapping.id, "reads no queue, or starts no function, of this stack")
        if mapping.properties.get("Enabled") is False:
            yield Finding(mapping.id, "is switched off")
    for queue in _working(stack):
        if sources.count(queue) != 1:
            yield Finding(queue.id, f"is read by {sources.count(queue)} functions instead of one")


def check_visibility(stack: Stack, code: Code) -> Iterator[Finding]:
    """A message stays hidden while its function may still work on it."""
    for mapping in stack.of(MAPPING):
        queue, function = (pointed(stack, mapping.properties.get(name)) for name in ("EventSourceArn", "FunctionName"))
        if queue is None or function is None:
            continue  # check_readers says so
        hidden, timeout = (
            int(queue.properties.get("VisibilityTimeout", 30)),
            int(function.properties.get("Timeout", 3)),
        )
        hidden -= int(mapping.properties.get("MaximumBatchingWindowInSeconds", 0))
        if hidden < timeout + BEFORE_A_RUN:
            yield Finding(queue.id, f"hides a message for {hidden} s while {function.id} may work for {timeout} s")
        elif hidden > LONGEST_HIDDEN * timeout:
            yield Finding(queue.id, f"hides a message for {hidden} s when {function.id} has crashed")
        elif timeout <= SHORT_SECONDS and hidden < 6 * timeout:
            yield Finding(queue.id, f"hides a message for less than six times the {timeout} s of {function.id}")


ALONE = frozenset({"UploadQueue", "SpendQueue"})
"""What one run takes minutes over, or may spend on, is handled one at a time."""


def check_alone(stack: Stack, code: Code) -> Iterator[Finding]:
    """A long or a costly message has a run of its own."""
    for mapping in stack.of(MAPPING):
        queue = pointed(stack, mapping.properties.get("EventSourceArn"))
        most = 1 if queue and queue.id in ALONE else 10
        if int(mapping.properties.get("BatchSize", 10)) > most:
            yield Finding(mapping.id, f"takes more than {most} messages in one run")


def check_batches(stack: Stack, code: Code) -> Iterator[Finding]:
    """A batch's failures are reported one by one: the mapping asks for it, and the handler does it."""
    for mapping in stack.of(MAPPING):
        if mapping.properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield Finding(mapping.id, "doesn't take ReportBatchItemFailures: one bad message brings back the others")
        function = pointed(stack, mapping.properties.get("FunctionName"))
        if function is None:
            continue
        answers = list(returns(code, handler_module(function), "handler"))
        if not answers or not all(_reports(each.value) for each in answers):
            yield Finding(function.id, "has a handler that doesn't return the failures of its batch")
        if "batchItemFailures" not in code.strings():
            yield Finding(function.id, "returns nothing that SQS would read as failures")


def _reports(value: ast.expr | None) -> bool:
    """Whether a return statement hands back what `work_through` says of the batch."""
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr == "work_through"


def check_concurrency(stack: Stack, code: Code) -> Iterator[Finding]:
    """A burst takes a bounded share of the account, and never more than its function has reserved."""
    for mapping in stack.of(MAPPING):
        most = under(mapping.properties, "ScalingConfig", "MaximumConcurrency")
        if most is None or not 2 <= int(most) <= 10:
            yield Finding(mapping.id, "has no MaximumConcurrency between 2 and 10: a burst may take the account's all")
        function = pointed(stack, mapping.properties.get("FunctionName"))
        reserved = function.properties.get("ReservedConcurrentExecutions") if function else None
        if function and reserved is not None and int(most or 1000) > int(reserved):
            yield Finding(
                function.id, f"reserves {reserved} executions while its queue may start {most}: the rest is throttled"
            )


def check_rights_of_readers(stack: Stack, code: Code) -> Iterator[Finding]:
    """A function's role may do with its own queue what reading takes, and with no other."""
    for mapping in stack.of(MAPPING):
        function = pointed(stack, mapping.properties.get("FunctionName"))
        role = pointed(stack, function.properties.get("Role")) if function else None
        if role is None:
            continue
        source = str(mapping.properties.get("EventSourceArn"))
        for action in READING:
            if not any(each.allows(action, source) for each in granted(role)):
                yield Finding(role.id, f"lacks {action} on {source}")
        read = {name for each in granted(role) if READING[0] in each.actions for name in each.resources}
        if read - {source}:
            yield Finding(role.id, f"may read what is not its function's queue: {', '.join(sorted(read - {source}))}")


def check_senders(stack: Stack, code: Code) -> Iterator[Finding]:
    """Somebody fills each queue: a role, or a service that the queue's own policy lets in."""
    sent = {
        name for role in stack.of("AWS::IAM::Role") for each in granted(role) for name in each.resources
        if "sqs:SendMessage" in each.actions
    }  # fmt: skip
    for policy in stack.of("AWS::SQS::QueuePolicy"):
        for each in statements(policy, policy["PolicyDocument"]):
            sent |= set(each.resources)
    for queue in _working(stack):
        if queue.arn not in sent:
            yield Finding(queue.id, "is filled by nobody: no role may send to it, and no policy lets a service in")


def check_encryption(stack: Stack, code: Code) -> Iterator[Finding]:
    """Every queue is encrypted by SQS itself: with a KMS key, each sender would need the key too."""
    for queue in stack.of(QUEUE):
        if queue.properties.get("SqsManagedSseEnabled") is not True or "KmsMasterKeyId" in queue.properties:
            yield Finding(queue.id, "is not encrypted by SQS itself")


CHECKS = (
    check_redrive,
    check_dead_letters_kept,
    check_readers,
    check_visibility,
    check_alone,
    check_batches,
    check_concurrency,
    check_rights_of_readers,
    check_senders,
    check_encryption,
)

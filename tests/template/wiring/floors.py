"""Lower bounds: what a function, a queue's reader, a stage or a rule needs at least, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tests.template.stack import Resource, Stack, granted
from tests.template.wiring.finding import ROOT, Code, Finding, pointed, under
from tests.template.wiring.functions import FUNCTION, SERVICES, read_seconds

WHOLE_PROCESSOR = 1769
"""MB of memory that come with one: docs/facts.md#lambda. Less memory is a share of it."""
WAITED_FOR, BEHIND_A_QUEUE = 4, 7
"""Seconds that a cold start may take where somebody waits, and where nobody does: well below the 10 that Lambda allows
(docs/facts.md#lambda), because its processors may be slower than the measured one."""
STARTS: Mapping[str, tuple[float, int]] = {
    "ControlApiFunction": (2.06, WAITED_FOR),
    "MessagesApiFunction": (1.21, WAITED_FOR),
    "DatasetUploadedFunction": (1.91, BEHIND_A_QUEUE),
    "JobStateChangedFunction": (1.39, BEHIND_A_QUEUE),
    "EvaluationRequestedFunction": (1.26, BEHIND_A_QUEUE),
    "SpendingRequestedFunction": (1.65, BEHIND_A_QUEUE),
    "ReconcileFunction": (1.30, BEHIND_A_QUEUE),
    "DeletionGuardFunction": (1.26, BEHIND_A_QUEUE),
}
"""Seconds of a processor that importing the handler and making its clients takes, measured by
`python -m benchmarks.function_start` on a busy machine of two, and how long it may take. Memory is 53 to 80 MB."""
ALL_OF_IT: Mapping[str, str] = {"DatasetUploadedFunction": "checks 2,000,000 lines in the time it has"}
"""What needs a whole processor: docs/operations.md#limits."""
SECONDS: Mapping[str, tuple[int, str]] = {
    "DatasetUploadedFunction": (900, "docs/operations.md#limits promises them to one version"),
    "SpendingRequestedFunction": (60, "it looks for what an earlier send made, then sends: 30 s each"),
    "ReconcileFunction": (90, "two lists of Bedrock, 3 attempts of 15 s each"),
    "DeletionGuardFunction": (275, "five lists of Bedrock, 3 attempts of 15 s each, then rows and CloudFormation"),
}
"""Functions that nobody waits for: the least time-out, and what takes it."""
ANSWER_IN_ONE_PIECE, STREAMED = 28, 300
"""Seconds that docs/operations.md#limits promises to an answer."""
VERDICT_SECONDS, FILES_AT_ONCE = 1800, 5
"""docs/operations.md#service-levels: a verdict within 30 minutes where five files come at once."""
FEWEST_READERS = 2
"""What SQS takes at least."""
TRIED_AGAIN = 60
"""Seconds until Lambda tries a failed call again: docs/facts.md#lambda."""


def check_memory(stack: Stack, code: Code) -> Iterator[Finding]:
    """A function has the share of a processor with which it starts in time, and a whole one where it needs that."""
    for function in stack.of(FUNCTION):
        memory = int(function.properties.get("MemorySize", 128))
        if function.id not in STARTS:
            yield Finding(function.id, "is a function whose start nobody has measured")
            continue
        seconds, longest = STARTS[function.id]
        if memory < seconds * WHOLE_PROCESSOR / longest:
            yield Finding(function.id, f"has {memory} MB: its start takes longer than {longest} s")
        if function.id in ALL_OF_IT and memory < WHOLE_PROCESSOR:
            yield Finding(function.id, f"has {memory} MB, which is no whole processor, and {ALL_OF_IT[function.id]}")


def check_time(stack: Stack, code: Code) -> Iterator[Finding]:
    """A function has the time for what it is promised to do, or has to wait for."""
    streams = stack.parameters["MessagesResponse"] == "RESPONSE_STREAM"
    answers = {
        "ControlApiFunction": (ANSWER_IN_ONE_PIECE, "docs/operations.md#limits promises 29 with the way there"),
        "MessagesApiFunction": (STREAMED if streams else ANSWER_IN_ONE_PIECE, "docs/operations.md#limits promises it"),
    }
    for function in stack.of(FUNCTION):
        least, reason = {**SECONDS, **answers}.get(function.id, (0, ""))
        if (timeout := _timeout(function)) < least:
            yield Finding(function.id, f"has {timeout} s instead of {least}: {reason}")


def check_time_of_batches(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each message of a batch may wait for one silent call without taking the time of the others."""
    reads = dict(read_seconds(code))
    for mapping, function in _readers(stack):
        role, size = pointed(stack, function.properties.get("Role")), _batch(mapping)
        actions = {action for each in granted(role) for action in each.actions} if role else set()
        used = [reads[client] for client, prefix in SERVICES.items()
                if client in reads and any(action.startswith(prefix) for action in actions)]  # fmt: skip
        if _timeout(function) < size * max(used, default=0):
            yield Finding(
                function.id, f"has {_timeout(function)} s for {size} messages: one call may wait for {max(used):g}"
            )


def check_readers_at_once(stack: Stack, code: Code) -> Iterator[Finding]:
    """As many uploads are checked at once as the promised verdict needs."""
    for mapping, function in _readers(stack):
        at_once = int(under(mapping.properties, "ScalingConfig", "MaximumConcurrency", default=FEWEST_READERS))
        rounds = VERDICT_SECONDS // _timeout(function)
        if function.id == "DatasetUploadedFunction" and at_once * rounds < FILES_AT_ONCE:
            yield Finding(
                mapping.id, f"checks {at_once} files at once: the last of five waits for more than 30 minutes"
            )


def check_throttles(stack: Stack, code: Code) -> Iterator[Finding]:
    """Each API takes the calls that docs/operations.md#what-runs-at-once promises, on all of its routes."""
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    for name, rate, burst in re.findall(r"calls of (\w+): (\d+) a second, bursts of (\d+)", page):
        for stage in [each for each in stack.of("AWS::ApiGateway::Stage") if each["RestApiId"] == f"<{name}>"]:
            for each in stage.properties.get("MethodSettings", ()):
                limits = tuple(int(each.get(f"Throttling{limit}Limit", 10_000)) for limit in ("Rate", "Burst"))
                if limits != (int(rate), int(burst)):
                    yield Finding(stage.id, f"takes {limits[0]} calls a second, bursts of {limits[1]}, unlike its page")


def check_tries_of_reconcile(stack: Stack, code: Code) -> Iterator[Finding]:
    """One failure of the look that comes every five minutes is made good before the next one."""
    for each in stack.of("AWS::Lambda::EventInvokeConfig"):
        function = pointed(stack, each.properties.get("FunctionName"))
        needed = (_timeout(function) if function else 0) + TRIED_AGAIN
        if int(each.properties.get("MaximumRetryAttempts", 2)) < 1:
            yield Finding(each.id, "is never tried again after an error")
        if int(each.properties.get("MaximumEventAgeInSeconds", 21600)) < needed:
            yield Finding(
                each.id, f"gives an event up before its first run and the wait after it are over ({needed} s)"
            )
    for rule in [each for each in stack.of("AWS::Events::Rule") if "ScheduleExpression" in each.properties]:
        for target in rule.properties.get("Targets", ()):
            if int(under(target, "RetryPolicy", "MaximumRetryAttempts", default=185)) < 1:
                yield Finding(rule.id, "is handed over once, and never tried again")
            if int(under(target, "RetryPolicy", "MaximumEventAgeInSeconds", default=86400)) < TRIED_AGAIN * 5:
                yield Finding(rule.id, "is given up before the next look comes")


def check_pace_of_webhook(stack: Stack, code: Code) -> Iterator[Finding]:
    """What all runs of the function that publishes most may tell at once is posted within a second."""
    told = max((_at_once(mapping) * _batch(mapping) for mapping, _ in _readers(stack)), default=0)
    for each in stack.of("AWS::Events::ApiDestination"):
        if int(each.properties.get("InvocationRateLimitPerSecond", 300)) < told:
            yield Finding(each.id, f"posts fewer than the {told} events a second that may come at once")


def _readers(stack: Stack) -> Iterator[tuple[Resource, Resource]]:
    """Each mapping of a queue, with the function that it starts."""
    for mapping in stack.of("AWS::Lambda::EventSourceMapping"):
        if function := pointed(stack, mapping.properties.get("FunctionName")):
            yield mapping, function


def _batch(mapping: Resource) -> int:
    return int(mapping.properties.get("BatchSize", 10))


def _at_once(mapping: Resource) -> int:
    return int(under(mapping.properties, "ScalingConfig", "MaximumConcurrency", default=FEWEST_READERS))


def _timeout(function: Resource) -> int:
    return int(function.properties.get("Timeout", 3))


CHECKS = (
    check_memory,
    check_time,
    check_time_of_batches,
    check_readers_at_once,
    check_throttles,
    check_tries_of_reconcile,
    check_pace_of_webhook,
)

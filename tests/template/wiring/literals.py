"""What only one deployment could mean: a literal where the stack's own name, its account, Region or partition belongs.

These tests' stack has another name than ours. Its Region and account are those of all tests, so resources are read
here as they were written, before their references are worked out.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from tests.template.stack import NAME, Stack
from tests.template.wiring.finding import Code, Finding

REGION = re.compile(r"\b(us|eu|ap|ca|sa|me|af|il|mx)(-gov|-iso[a-z]?)?-[a-z]+-\d\b")
ACCOUNT, PARTITION = re.compile(r"(?<!\d)\d{12}(?!\d)"), re.compile(r"\barn:aws[a-z-]*:")
LITERALS = {"a Region": REGION, "an account": ACCOUNT, "a partition": PARTITION, "our own name": re.compile("tunedrop")}
FOR_PEOPLE = "tunedrop/domain/reports/"
"""Where the code says who speaks, and which program to run next."""
NAMES_OF_OURS = re.compile(r"tunedrop[-/]|/tunedrop")
OUR_NAME = re.compile(rf"{NAMES_OF_OURS.pattern}|^tunedrop$")
TAGS = re.compile(r"(?<=Tag/)tunedrop:(dataset|intent|stack|term)\b")
"""Tags are told apart by the stack's id, which is their value."""
HEADERS = frozenset({"tunedrop-tokens"})
"""Headers of answers, which all stacks of ours alike send."""
SOURCES = frozenset({"source", "events:source"})
"""Members that say who publishes an event: all stacks of ours alike, whose id is in the event."""
UNREAD = frozenset({"Description", "AlarmDescription"})
OF_SAM = frozenset({"AWS::ApiGateway::RestApi", "AWS::Lambda::Permission"})
"""SAM itself writes these types' ARNs, with the partition of the Region that it was asked for."""
NAMED = {  # what has to have a name of its own
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Events::ApiDestination": "Name",
    "AWS::Events::Connection": "Name",
    "AWS::Lambda::LayerVersion": "LayerName",
}


def check_literals(stack: Stack, code: Code) -> Iterator[Finding]:
    """No property says for one deployment what another has otherwise."""
    for resource in stack.resources.values():
        for what, text in literals(resource.body.get("Properties", {})):
            if not (what == "a partition" and resource.type in OF_SAM):
                yield Finding(resource.id, f"names {what} that only one deployment has: {text}")


def literals(value: Any) -> Iterator[tuple[str, str]]:
    """What only one deployment has of a value as it was written, with the text that says it."""
    for text in _texts(value):
        yield from ((what, text) for what in _literals(text))


@functools.cache
def _literals(text: str) -> list[str]:
    return [what for what, pattern in LITERALS.items() if pattern.search(TAGS.sub("", text))]


def _texts(value: Any) -> Iterator[str]:
    """Every string of a value as it was written, keys included, but for what only people read."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            if key not in UNREAD and not (key in SOURCES and each in ("tunedrop", ["tunedrop"])):
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def check_own_names(stack: Stack, code: Code) -> Iterator[Finding]:
    """What has a fixed name is named after the stack."""
    for resource in stack.of(*NAMED):
        if not re.match(rf"{NAME}(-|$)", str(resource.properties.get(NAMED[resource.type]))):
            yield Finding(resource.id, "isn't named after the stack: a second stack of the account fails")


def check_code_names_no_deployment(stack: Stack, code: Code) -> Iterator[Finding]:
    """The functions learn Region, account, partition and name from where they run, and make no name of ours."""
    for path in code.texts:
        ours = NAMES_OF_OURS if path.startswith(FOR_PEOPLE) else OUR_NAME
        for text in _naming(code.words(path), ours):
            yield Finding(f"functions/{path}", f"names what only one deployment has: {text[:80]}")


@functools.cache
def _naming(words: frozenset[str], ours: re.Pattern[str]) -> list[str]:
    return sorted(
        word for word in words - HEADERS if any(each.search(word) for each in (ours, REGION, ACCOUNT, PARTITION))
    )


CHECKS = (check_literals, check_own_names, check_code_names_no_deployment)

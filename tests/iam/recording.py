"""The calls of the integration tests, by the role that would make them, as requests to IAM: recorded.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.iam.evaluation import Request
from tests.iam.policies import Needed
from tests.template.stack import PSEUDO

RECORDED = Path(__file__).with_name("recorded.json")

STACK_ID = "<AWS::StackId>"
"""What stands for the stack's id, whatever the tests' stack is called."""

Made = tuple[str, str]
"""A module of the application and an SDK operation that it calls, as `s3.GetObject`."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was called, and what had to be allowed for that."""

    calls: frozenset[Made] = frozenset()
    needs: frozenset[str] = frozenset()
    """Each as a line of JSON: role, action, resource, context, and the parameter without which it is not asked."""
    tests: tuple[str, ...] = ()
    """Few tests that show all of it."""

    @classmethod
    def read(cls, path: Path = RECORDED) -> Self:
        """From a file."""
        document = json.loads(path.read_text("utf-8"))
        return cls(
            frozenset((module, operation) for module, made in document["calls"].items() for operation in made),
            frozenset(json.dumps(each) for each in document["needs"]),
            tuple(document["tests"]),
        )

    def write(self, path: Path = RECORDED) -> None:
        """Into a file that a person can read: a line for each need."""
        modules = sorted({module for module, _ in self.calls})
        calls = {module: sorted(operation for each, operation in self.calls if each == module) for module in modules}
        text = json.dumps({"tests": self.tests, "calls": calls}, indent=2).removesuffix("\n}")
        path.write_text(text + ',\n  "needs": [\n    ' + ",\n    ".join(sorted(self.needs)) + "\n  ]\n}\n", "utf-8")

    def needed(self, parameters: Mapping[str, str]) -> Iterator[Needed]:
        """What is asked where a stack has these parameters, by role."""
        for line in sorted(self.needs):
            who, action, resource, context, choice = json.loads(line.replace(STACK_ID, PSEUDO["AWS::StackId"]))
            known = {key: tuple(value) if isinstance(value, list) else value for key, value in context.items()}
            if not choice or parameters[choice] == "true":
                yield who, Request(action, resource, known)


def need(role: str, request: Request, choice: str) -> str:
    """One need as a line."""
    line = json.dumps([role, request.action, request.resource, dict(request.context), choice])
    return line.replace(PSEUDO["AWS::StackId"], STACK_ID)


def merged(by_test: Mapping[str, Recording]) -> Recording:
    """All that these tests showed, and few of them that show it: again and again the one that shows most."""
    left = {test: _shown(each) for test, each in sorted(by_test.items())}
    calls = frozenset[Made]().union(*(each.calls for each in by_test.values()))
    needs = frozenset[str]().union(*(each.needs for each in by_test.values()))
    missing, chosen = _shown(Recording(calls, needs)), []
    while missing:
        best = max(left, key=lambda test: len(left[test] & missing))
        chosen.append(best)
        missing -= left[best]
    return Recording(calls, needs, tuple(sorted(chosen)))


def _shown(recording: Recording) -> set[object]:
    return {*recording.calls, *recording.needs}


def differences(kept: Recording, heard: Recording) -> Iterator[str]:
    """What one of the two has and the other lacks."""
    for what, one, other in (("is no longer called", kept, heard), ("is called and not recorded", heard, kept)):
        lines: Iterable[str] = sorted(one.needs - other.needs)
        yield from (f"{what}: {line}" for line in lines)
        yield from (f"{what}: {operation} in {module}" for module, operation in sorted(one.calls - other.calls))

"""A storm of uploads through the real function: SQS and Lambda on virtual time, S3 and DynamoDB in moto.

Invocations run into each other at AWS calls: there, what is due next happens first. Some end in a fault or a crash.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import dataset_uploaded
import pytest
from tunedrop.edges import clients

from tests import builders
from tests.conftest import scrub
from tests.faults import function_output, upload_plan
from tests.faults.event_source import EventSource, Rules
from tests.faults.function_output import Output
from tests.faults.upload_histories import Histories, Put, Sent, Told, objects_of
from tests.faults.upload_plan import Step
from tests.integration.bedrock_world import Crash, refusal
from tests.integration.conftest import Stack, deployed, in_moto
from tests.integration.uploads_world import Uploader, fault

TROUBLED = 0.03
"""The share of invocations that end in a fault or in a crash; a message meets at most `MOST_TROUBLES`."""
MOST_TROUBLES = 2
INTERLEAVED = 0.3
"""The share of AWS calls at which something else happens first, if it is due within `SOON_SECONDS`."""
SOON_SECONDS = 5
CALL_SECONDS = 0.05

Kind = Literal["fault", "crash"]


@dataclass(slots=True)
class _Invocation:
    trouble: Kind | None
    at_call: int
    calls: int = 0


@dataclass(slots=True)
class Storm:
    """One storm, from its first event until nothing is due any more; `redrive` lets the dead letters try again."""

    stack: Stack
    uploader: Uploader
    source: EventSource
    chance: random.Random
    output: Output
    now: float = 0
    puts: list[Put] = field(default_factory=list)
    sent: dict[str, Sent] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    poison_fixed: bool = False
    interleaved: int = 0
    troubles: int = 0
    _agenda: list[tuple[float, int, Step | tuple[str, Put]]] = field(default_factory=list)
    _running: list[_Invocation] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _thread: int = field(default_factory=threading.get_ident)

    def expect(self, steps: list[Step]) -> None:
        """Let these happen at their time."""
        for step in steps:
            self._plan(step.at, step)

    def blow(self) -> None:
        """Until nothing is due any more."""
        while (at := self._next_at()) is not None:
            self.now = max(self.now, at)
            self._step()

    def redrive(self) -> None:
        """The fault behind the poisoned uploads is mended; an operator puts the dead letters back."""
        self.poison_fixed = True
        before = [self.sent[message.id] for message in self.source.dead]
        for message, dead in zip(self.source.redrive(self.now), before, strict=True):
            self.sent[message.id] = Sent(message, dead.put, dead.poison, redriven=True)
        self.blow()

    def histories(self) -> Histories:
        """What is left to judge."""
        return Histories(
            puts=self.puts,
            sent=list(self.sent.values()),
            told=self.told,
            objects=objects_of(self.stack.bucket),
            dead=frozenset(message.id for message in self.source.dead),
            failures=[line for line in self.output.lines() if line.get("message") == "message failed"],
            most_receives=self.source.rules.most_receives,
        )

    def _plan(self, at: float, what: Step | tuple[str, Put]) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), what))

    def _next_at(self) -> float | None:
        planned = self._agenda[0][0] if self._agenda else None
        seen = self.source.next_at()
        return min((at for at in (planned, seen) if at is not None), default=None)

    def _step(self) -> None:
        """The one thing that is due next."""
        if self._agenda and self._agenda[0][0] <= self.now:
            _, _, what = heapq.heappop(self._agenda)
            if isinstance(what, Step):
                self._act(what)
            else:
                self._send(*what)
        elif len(self._running) < self.source.rules.most_at_once:
            self._invoke()

    def _act(self, step: Step) -> None:
        match step.deed:
            case "message":
                message = self.source.send(step.body.decode(), self.now)
                self.sent[message.id] = Sent(message, None, poison=True)
            case "put":
                self._put(step)
            case "mark":
                self.uploader.delete(step.key, at=int(step.at))
            case "erase":
                put = next(put for put in reversed(self.puts) if put.key == step.key)
                put.erased = True
                self.stack.s3.delete_object(Bucket=self.stack.bucket, Key=put.key, VersionId=put.version_id)

    def _put(self, step: Step) -> None:
        event = self.uploader.put(step.key, step.body, at=int(step.at))
        version_id = event["detail"]["object"]["version-id"]
        put = Put(step.key, version_id, hashlib.sha256(step.body).hexdigest(), len(self.puts), poison=step.poisoned)
        self.puts.append(put)
        for delay in step.arrivals:
            self._plan(self.now + delay, (json.dumps(event), put))

    def _send(self, body: str, put: Put) -> None:
        message = self.source.send(body, self.now)
        self.sent[message.id] = Sent(message, put, poison=put.poison)

    def _invoke(self) -> None:
        batch = self.source.receive(self.now)
        if not batch:
            return
        received = [self.sent[message.id] for message in batch]
        for sent in received:
            sent.began(self.now, len(self.puts))
        self._running.append(_Invocation(self._trouble(received), self.chance.randrange(16)))
        answer: dict[str, Any] | None = None
        try:
            answer = dataset_uploaded.handler(self.source.event(batch), builders.LambdaContext())
        except Crash:
            pass
        finally:
            self._running.pop()
        for message in self.source.answered(batch, answer):
            self.sent[message.id].ended(self.now)

    def _trouble(self, received: list[Sent]) -> Kind | None:
        if self.chance.random() >= TROUBLED or any(sent.poison or sent.troubles >= MOST_TROUBLES for sent in received):
            return None
        for sent in received:
            sent.troubles += 1
        return self.chance.choice(("fault", "crash"))

    # --- what stands between the function and AWS

    def watch(self) -> None:
        """Be asked before each call of the function's own clients."""
        for client in (clients.s3(), clients.dynamodb(), clients.sqs(), clients.events()):
            client.meta.events.register("before-call.*", self._before)

    def _before(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        if threading.get_ident() == self._thread and self._running:
            self.now += CALL_SECONDS
            self._interfere(self._running[-1])
        if model.name == "ChangeMessageVisibility":
            asked = json.loads(params["body"])
            self.source.show(asked["ReceiptHandle"], self.now + asked["VisibilityTimeout"])
            return refusal("", 200)[0], {}
        if model.name == "PutEvents":
            entries = json.loads(params["body"])["Entries"]
            self.told += [Told(self.now, entry["DetailType"], json.loads(entry["Detail"])) for entry in entries]
            return refusal("", 200)[0], {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in entries]}
        if model.name == "HeadObject" and "/incoming/poisoned-" in params["url_path"] and not self.poison_fixed:
            return refusal("InternalError", 500)
        return None

    def _interfere(self, invocation: _Invocation) -> None:
        """Something else may happen first; then, at one call of some invocations, trouble."""
        at = self._next_at()
        if at is not None and at <= self.now + SOON_SECONDS and self.chance.random() < INTERLEAVED:
            self.now = max(self.now, at)
            self.interleaved += 1
            self._step()
        invocation.calls += 1
        if invocation.trouble and invocation.calls > invocation.at_call:
            kind, invocation.trouble = invocation.trouble, None
            self.troubles += 1
            if kind == "crash":
                raise Crash
            fault("ServiceUnavailable")()


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a storm left, before and after the dead letters were put back."""

    before: Histories
    after: Histories
    interleaved: int
    troubles: int
    seconds: float


def aftermath(seed: int, events: int, rules: Rules) -> Aftermath:
    """Let a storm blow over a stack of its own, then put its dead letters back."""
    with pytest.MonkeyPatch.context() as environment, in_moto(), function_output.captured() as output:
        scrub(environment)
        stack = deployed(environment)
        chance = random.Random(seed)
        storm = Storm(stack, Uploader(stack), EventSource("UploadQueue", rules), chance, output)
        storm.watch()
        storm.expect(upload_plan.plan(seed, events))
        storm.blow()
        before = storm.histories()
        storm.redrive()
        return Aftermath(before, storm.histories(), storm.interleaved, storm.troubles, storm.now)

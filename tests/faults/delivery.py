"""How SQS, EventBridge and Lambda bring work to the real handlers, by the template's own figures, on virtual time.

A message is invisible while a function has it, comes again unless it was deleted, and dies after so many receives. The
schedule fires, and Lambda repeats a failed run. Bedrock's events may be lost, late or repeated. Callers ask again. The
second brake fires when it is due, whatever else works.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from bedrock_simulator import Event
from botocore.awsrequest import AWSResponse
from tunedrop.edges.observability import metrics

from tests import builders
from tests.conftest import forget_clients
from tests.faults.injector import INJECTOR, Attempt, Watch, response
from tests.faults.lines import Line, Message, deployed_lines
from tests.integration.bedrock_world import Crash, World, envelope

SCHEDULE = timedelta(minutes=5)
ASYNC_RETRY_AFTER = timedelta(minutes=1)
LATEST = datetime.max.replace(tzinfo=UTC)
CALLER_WAITS = 5.0
CALLER_TRIES = 30


class Died(Exception):
    """The function's process ended without an answer, or its runtime reported an exception."""


class Stuck(Exception):
    """What was waited for did not happen in time."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the application's own, as it was published."""

    time: datetime
    type: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What lies on the queues or is due, and what was told so far."""

    next_schedule: datetime
    waiting: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    dead: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    repeats: tuple[datetime, ...] = ()
    told: tuple[Told, ...] = ()


ArrivalDelays = Callable[[Event], Sequence[float]]
"""Seconds until each copy of an event of Bedrock's arrives; none: it is lost."""


def at_once(_: Event) -> Sequence[float]:
    """Each event arrives once."""
    return (0.0,)


class Delivery:
    """One deployed stack at work: what lies on its queues, what it told, and the calls of its functions."""

    def __init__(self, world: World, watch: Watch | None = None, arrivals: ArrivalDelays = at_once) -> None:
        self.world = world
        self.watch = watch or Watch()
        self.arrivals = arrivals
        self.lines = {
            name: Line(name, handler, seconds, timedelta(seconds=hidden), batch, receives)
            for name, handler, seconds, hidden, batch, receives in deployed_lines()
        }
        self.told: list[Told] = []
        self.deaths = 0
        self.redelivered = 0
        self.refusals: list[tuple[int, str]] = []
        self.next_schedule = world.clock.time + SCHEDULE
        self._repeats: list[datetime] = []
        self._dies_at: datetime | None = None
        self._numbers = 0
        INJECTOR.servers |= {"sqs": self._sqs, "eventbridge": self._bus}

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return self.world.clock.time

    def sleep(self, seconds: float) -> None:
        """Wait in a function: virtual time passes, and Lambda ends a function that takes too long."""
        self.world.clock.advance(seconds)
        if self._dies_at and self.now >= self._dies_at:
            raise Crash

    def send(self, queue: str, body: str, after: float = 0) -> str:
        """Put a message on a queue; returns its id."""
        self._numbers += 1
        message = Message(f"{self._numbers:08d}", body, self.now + timedelta(seconds=after))
        self.lines[queue].messages.append(message)
        return message.id

    def standing(self) -> Standing:
        """What a later delivery can go on with."""
        return Standing(
            self.next_schedule,
            {name: tuple(map(replace, line.messages)) for name, line in self.lines.items()},
            {name: tuple(map(replace, line.dead)) for name, line in self.lines.items()},
            tuple(self._repeats),
            tuple(self.told),
        )

    def go_on(self, standing: Standing) -> None:
        """Take over what lay on the queues, was due and was told then."""
        self.next_schedule, self._repeats = standing.next_schedule, list(standing.repeats)
        for line in self.lines.values():
            line.messages = list(map(replace, standing.waiting.get(line.name, ())))
            line.dead = list(map(replace, standing.dead.get(line.name, ())))
        self.told = list(standing.told)
        ids = [message.id for line in self.lines.values() for message in (*line.messages, *line.dead)]
        self._numbers = max(map(int, ids), default=0)

    # --- what brings work to the functions

    def until(self, done: Callable[[], bool], hours: float) -> None:
        """Let everything that is due happen until `done`. Raises Stuck if that takes more virtual time."""
        end = self.now + timedelta(hours=hours)
        while not done():
            if self.next_moment() > end:
                raise Stuck(f"not within {hours:g} hours")
            self.step()

    def next_moment(self) -> datetime:
        """When something is due."""
        return min(self._moments())

    def pass_time(self, hours: float) -> None:
        """Let so much virtual time pass."""
        end = self.now + timedelta(hours=hours)
        self.until(lambda: self.next_moment() > end, hours)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> tuple[int, Any]:
        """A caller's request, repeated as it stands until ControlApi accepts it; each refusal is noted."""
        headers = {"Idempotency-Key": key} if key else None
        for _ in range(CALLER_TRIES):
            status, answer = self.once(builders.api_request(method, path, body=body, headers=headers))
            if status < 300:
                return status, answer
            code = answer["error"]["code"] if answer else ""
            self.refusals.append((status, code))
            self.world.clock.advance(CALLER_WAITS)
        raise Stuck(f"{method} {path}: {self.refusals[-1]}")

    def look(self, path: str) -> Any:
        """What ControlApi answers now; this call is neither counted nor interfered with."""
        watch, self.watch = self.watch, Watch()
        try:
            status, answer = self.once(builders.api_request("GET", path))
        finally:
            self.watch = watch
        return answer if status == 200 else {"jobs": (), "deployments": (), "versions": ()}

    def once(self, request: dict[str, Any]) -> tuple[int, Any]:
        """One request; 502 is what API Gateway says for a function that died."""
        try:
            return builders.api_answer(self._invoke("control_api", request, 28))
        except Died:
            return 502, None

    def _moments(self) -> Iterator[datetime]:
        yield self.next_schedule
        yield from self._repeats
        yield from self.world.schedules().values()
        yield from (message.visible_at for line in self.lines.values() for message in line.messages)
        seconds = self.world.simulator.run_due()
        self._pass_events_on()
        yield from (message.visible_at for message in self.lines["JobEventQueue"].messages)
        if seconds is not None:
            yield self.now + timedelta(seconds=seconds)

    def step(self, begins: Callable[[datetime], datetime] = lambda due: due) -> None:
        """The first thing that is due next: the brake fires, reconcile runs, or a function gets a batch.

        `begins`: when what is due then is begun.
        """
        self.world.clock.time = now = begins(max(self.now, self.next_moment()))
        if min(self.world.schedules().values(), default=LATEST) <= now:
            self.world.fire_schedules()
        elif now >= self.next_schedule:
            self.next_schedule += SCHEDULE
            self._reconcile(repeat=True)
        elif due := [each for each in self._repeats if each <= now]:
            self._repeats.remove(due[0])
            self._reconcile(repeat=False)
        else:
            any(self._work(line) for line in self.lines.values())

    def _pass_events_on(self) -> None:
        arrived, self.world.events[:] = list(self.world.events), []
        for event in arrived:
            for delay in self.arrivals(event):
                self.send("JobEventQueue", json.dumps(envelope(event)), delay)

    def _reconcile(self, *, repeat: bool) -> None:
        try:
            self._invoke("reconcile", builders.event("reconcile_schedule"), 120)
        except Died:
            if repeat:
                self._repeats.append(self.now + ASYNC_RETRY_AFTER)

    def _work(self, line: Line) -> bool:
        """Give the function a batch; whether there was one."""
        batch = line.receive(self.now)
        if not batch:
            return False
        self.redelivered += sum(message.received > 1 for message in batch)
        event = {"Records": [_record(line, message) for message in batch]}
        try:
            answer = self._invoke(line.handler, event, line.seconds)
        except Died:
            return True
        kept = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        line.messages = [message for message in line.messages if message not in batch or message.id in kept]
        return True

    def _invoke(self, handler: str, event: dict[str, Any], seconds: int) -> Any:
        self._dies_at = self.now + timedelta(seconds=seconds)
        try:
            with INJECTOR.watched(self.watch):
                return importlib.import_module(handler).handler(event, builders.LambdaContext())
        except Crash as crash:
            forget_clients()  # the next process has made none
            self.deaths += 1
            raise Died from crash
        except Exception as fault:
            self.deaths += 1
            raise Died from fault
        finally:
            self._dies_at = None
            metrics.clear_metrics()

    # --- what the functions call

    def _sqs(self, attempt: Attempt) -> AWSResponse:
        asked = _asked(attempt)
        queue = asked["QueueUrl"].rpartition("/")[2]
        if attempt.operation == "ChangeMessageVisibility":
            (message,) = [each for each in self.lines[queue].messages if each.id == asked["ReceiptHandle"]]
            message.visible_at = self.now + timedelta(seconds=asked["VisibilityTimeout"])
            return _ok(attempt, {})
        assert attempt.operation == "SendMessage", attempt.operation
        body, after = asked["MessageBody"], asked.get("DelaySeconds", 0)
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        return _ok(attempt, {"MessageId": self.send(queue, body, after), "MD5OfMessageBody": digest})

    def _bus(self, attempt: Attempt) -> AWSResponse:
        assert attempt.operation == "PutEvents", attempt.operation
        entries = _asked(attempt)["Entries"]
        self.told += [Told(self.now, entry["DetailType"], json.loads(entry["Detail"])) for entry in entries]
        ids = [{"EventId": f"{len(self.told):08d}"} for _ in entries]
        return _ok(attempt, {"FailedEntryCount": 0, "Entries": ids})


def _record(line: Line, message: Message) -> dict[str, Any]:
    (record,) = builders.sqs_event(message.body, receive_count=message.received, queue=line.name)["Records"]
    return record | {"messageId": message.id, "receiptHandle": message.id}


def _asked(attempt: Attempt) -> Any:
    """What the request's body says."""
    return json.loads(cast("bytes", attempt.request.body))


def _ok(attempt: Attempt, body: Mapping[str, Any]) -> AWSResponse:
    return response(attempt, 200, {"x-amzn-requestid": "00000000-0000-4000-8000-000000000001"}, json.dumps(body))

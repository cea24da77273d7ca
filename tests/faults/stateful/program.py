"""The whole program in one process: its functions, moto, the simulator and its queues, on one stepped clock."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, cast

import dataset_uploaded
import pytest
import spending_requested
from bedrock_simulator import Configuration, LedgerEntry, Quotas
from botocore.awsrequest import AWSResponse
from moto.backends import get_backend
from tunedrop.actions import reconcile
from tunedrop.actions.jobs import follow_job
from tunedrop.edges import queues as working
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import metrics
from tunedrop.edges.queues import Queue
from tunedrop.errors import Unavailable
from tunedrop.routes import application

from tests import builders
from tests.conftest import scrub
from tests.faults.injector import INJECTOR, Attempt, response
from tests.faults.stateful.history import Asked, Delivered, History, Published, Sent, Uploaded
from tests.faults.stateful.queues import Message, Queues
from tests.faults.stateful.wire import Strike, Wire
from tests.hostile.world import TABLES, quiet
from tests.iam.recorder import RECORDER
from tests.integration import bedrock_world
from tests.integration.bedrock_world import Crash, World, envelope
from tests.integration.conftest import ACCOUNT, deployed, in_moto

REGION = "us-west-2"
CAP, QUOTA = 1, 2
"""MaxModelUnits, and what Bedrock would sell: a purchase beyond the cap must reach the ledger to be seen."""
CALM_SECONDS = 1_200
"""So long after the last fault, nothing waits for a second try."""
TAKES: Mapping[str, Callable[[Cloud, Mapping[str, Any]], object]] = {
    "UploadQueue": dataset_uploaded._take,
    "SpendQueue": spending_requested._advance,
    "JobEventQueue": lambda here, message: follow_job.follow(message, here),
}
"""What the handler of each queue does with one message."""


@dataclass
class Program:
    """What steps act on, and what invariants look at."""

    world: World
    queues: Queues = field(default_factory=Queues)
    history: History = field(default_factory=History)
    wire: Wire = field(init=False)
    sequence: int = 0
    keys: int = 0

    def __post_init__(self) -> None:
        self.wire = Wire(self._heard)
        INJECTOR.servers |= {"sqs": self._serve, "eventbridge": self._serve}
        self._empty = self.world.simulator.snapshot()

    @property
    def now(self) -> datetime:
        """Where the clock stands."""
        return self.world.clock.now()

    def reset(self) -> None:
        """As if nothing had ever happened: making a stack anew takes longer than many steps."""
        self.queues, self.history, self.sequence, self.keys = Queues(), History(), 0, 0
        world = self.world
        world.clock.time, world.ids = bedrock_world.Clock().time, 0
        world.simulator.restore(self._empty)
        world.put_back_schedules({})
        self.sell(QUOTA)
        world.events.clear()
        for name in TABLES:
            get_backend("dynamodb")[ACCOUNT][REGION].tables[name].items.clear()
        self.objects().clear()

    # People.

    def upload(self, dataset: str, slot: str, body: bytes, content: str, *, good: bool) -> None:
        """Put an object. S3's event lies on its queue."""
        key = f"incoming/{dataset}/{slot if '.' in slot else slot + '.jsonl'}"
        stored = self.world.stack.s3.put_object(Bucket=self.world.stack.bucket, Key=key, Body=body)
        version_id = stored["VersionId"]
        (kept,) = (item for item in self.objects().getlist(key) if item.version_id == version_id)
        kept.last_modified = self.now.replace(tzinfo=None)
        self.sequence += 1
        self.history.uploads.append(Uploaded(dataset, slot, key, version_id, self.now, content, good))
        event = builders.object_created(key, version_id=version_id, size=len(body), sequencer=f"{self.sequence:016X}")
        self.queues.send("UploadQueue", event, self.now)

    def new_key(self) -> str:
        """An Idempotency-Key that nobody used."""
        self.keys += 1
        return f"key-{self.keys}"

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, fault: Strike | None = None
    ) -> Asked:
        """Send one request to ControlApi."""
        path, _, query = path.partition("?")
        headers = {"Idempotency-Key": key} if key else None
        asking = dict([query.split("=")]) if query else None
        event = builders.api_request(method, path, body=body, headers=headers, query=asking)
        status, answer = 0, None
        with self._struck_by(fault):
            try:
                context: Any = builders.LambdaContext()
                status, answer = builders.api_answer(application.answer(event, context, self.world.cloud))
            except Crash:
                pass
        asked = Asked(method, path, key, body, self.now, self.wire.struck, status, answer)
        self.history.requests.append(asked)
        return asked

    def plan(self, body: Any) -> None:
        """Ask what a start would do."""
        before = self._digest()
        self.ask("POST", "/jobs?plan=true", body)
        self.history.plans.append((before, self._digest()))

    # Queues, events and the schedule.

    def deliver(self, message: Message, fault: Strike | None = None) -> None:
        """Give one message to its function."""
        caught: list[BaseException] = []
        here, queue = self.world.cloud, Queue(self.world.stack.sqs, message.queue)
        self.queues.receive(message)
        event = builders.sqs_event(message.body, receive_count=message.received, queue=message.queue)
        crashed, failed = False, True
        with self._struck_by(fault):
            try:
                take = _noting(partial(TAKES[message.queue], here), caught)
                failed = bool(working.work_through(event, take, queue)["batchItemFailures"])
            except Crash as crash:
                crashed, caught = True, [crash]
        self.queues.settle(message, self.now, failed=failed, crashed=crashed)
        self._note(message.queue, message.body, caught)

    def deliver_due(self, fault: Strike | None = None) -> None:
        """Carry out all that can be delivered now, and what comes of it; the fault strikes the first that it can."""
        for _ in range(200):
            due = self.queues.due(self.now)
            if not due:
                return
            for message in due:
                self.deliver(message, fault)
                fault = None if self.wire.struck else fault
        raise AssertionError("200 rounds did not empty the queues: messages make each other anew")

    def reconcile(self, fault: Strike | None = None) -> None:
        """The schedule fires."""
        caught: list[BaseException] = []
        with self._struck_by(fault):
            try:
                reconcile.reconcile(self.world.cloud)
            except (Crash, Exception) as error:  # noqa: BLE001 - Lambda catches everything
                caught = [error]
        self._note("reconcile", {}, caught)

    def tick(self, fault: Strike | None = None) -> None:
        """The schedule fires, and everything is carried out."""
        self.reconcile()
        self.deliver_due(fault)
        struck = self.history.struck_at
        self.history.calm = struck is None or (self.now - struck).total_seconds() > CALM_SECONDS

    def event_arrives(self, number: int, times: int) -> None:
        """An event of Bedrock's arrives so many times; 0: never."""
        event = self.world.events.pop(number % len(self.world.events))
        for _ in range(times):
            self.queues.send("JobEventQueue", envelope(event), self.now)

    def wait(self, seconds: float) -> None:
        """Time passes, and Bedrock goes on."""
        self.world.clock.advance(seconds)
        self.world.simulator.run_due()
        self.history.calm = False

    def sell(self, units: int) -> None:
        """Bedrock has so many model units for us from now on."""
        self.world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=units)))

    # Looks.

    def ledger(self, kind: str) -> list[LedgerEntry]:
        """What the simulated Bedrock says was ever paid for."""
        return [entry for entry in self.world.simulator.ledger() if entry.kind == kind]

    def bedrock_jobs(self) -> list[Any]:
        """All jobs that Bedrock ever had."""
        return list(self.world.simulator._world.jobs.values())

    def tags(self, arn: str) -> Mapping[str, str]:
        """Of something in Bedrock."""
        return self.world.simulator._world.tags[arn]

    def objects(self) -> Any:
        """The bucket's versions by key, as moto holds them."""
        return get_backend("s3")[ACCOUNT]["aws"].buckets[self.world.stack.bucket].keys

    def stored(self) -> Iterator[tuple[str, Any]]:
        """Each key of the bucket with each of its versions and delete markers."""
        keys = self.objects()
        return ((key, kept) for key in keys for kept in keys.getlist(key))

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """StateTable's rows, attributes as moto holds them."""
        for rows in get_backend("dynamodb")[ACCOUNT][REGION].tables["StateTable"].items.values():
            for row in rows.values():
                yield row.attrs

    def has_open_work(self) -> bool:
        """Whether a job or a purchase has not ended, or a deletion is not through."""
        return any(row["pk"].value == "OPEN" or _is_deletion(row) for row in self.rows())

    def expiry(self, arn: str) -> datetime | None:
        """When the purchase of that throughput says that it ends."""
        for row in self.rows():
            if row["sk"].value.startswith("PURCHASE#") and "arn" in row and row["arn"].value == arn:
                return datetime.fromisoformat(row["expires_at"].value) if "expires_at" in row else None
        return None

    def look(self) -> None:
        """Note what can be read after a step."""
        for row in self.rows():
            if row["sk"].value == "JOB" and row["pk"].value.startswith("JOB#"):
                job = row["pk"].value.removeprefix("JOB#")
                self.history.owners[job] = row["requested_by"].value
                self.history.datasets[job] = row["dataset"].value
                seen = self.history.statuses.setdefault(job, [])
                if not seen or seen[-1] != row["status"].value:
                    seen.append(row["status"].value)

    @contextmanager
    def _struck_by(self, fault: Strike | None) -> Iterator[None]:
        self.history.calm = False
        with self.wire.watching(fault):
            yield
        metrics.clear_metrics()
        if self.wire.struck:
            self.history.struck_at = self.now

    def _note(self, what: str, body: Mapping[str, Any], caught: list[BaseException]) -> None:
        fault = caught[-1] if caught else None
        self.history.deliveries.append(Delivered(what, body, self.now, self.wire.struck, fault))

    def _serve(self, attempt: Attempt) -> AWSResponse:
        """Queues and bus."""
        told = json.loads(cast("bytes", attempt.request.body))
        answer: dict[str, Any] = {}
        match attempt.operation:
            case "SendMessage":
                body = told["MessageBody"]
                self.queues.send(told["QueueUrl"].rpartition("/")[2], json.loads(body), self.now)
                digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
                answer = {"MessageId": "m", "MD5OfMessageBody": digest}
            case "ChangeMessageVisibility":
                self.queues.asked_wait = told["VisibilityTimeout"]
            case "PutEvents":
                for entry in told["Entries"]:
                    self.history.published.append(Published(entry["DetailType"], json.loads(entry["Detail"]), self.now))
                answer = {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in told["Entries"]]}
            case operation:
                raise AssertionError(operation)
        return response(attempt, 200, {}, json.dumps(answer))

    def _heard(self, operation: str, sent: Mapping[str, Any]) -> None:
        trained_on = b""
        if operation == "CreateModelCustomizationJob":
            key = sent["trainingDataConfig"]["s3Uri"].removeprefix("s3://").partition("/")[2]
            found = self.objects().get(key)
            trained_on = found.value if found else b""
        recorded = any(_in_flight(row, sent.get("clientRequestToken")) for row in self.rows())
        ends_at = self.world.schedules().get(sent.get("provisionedModelName", ""))
        self.history.sent.append(Sent(operation, sent, self.now, recorded, ends_at, trained_on))

    def _digest(self) -> str:
        rows = sorted(str(row) for row in self.rows())
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _in_flight(row: Mapping[str, Any], token: str | None) -> bool:
    if "token" not in row or row["token"].value != token:
        return False
    return "attempted_at" in row and ("state" not in row or row["state"].value == "unknown")


def _is_deletion(row: Mapping[str, Any]) -> bool:
    return "kind" in row and row["kind"].value == "deletion"


def _noting(take: Callable[[Mapping[str, Any]], object], caught: list[BaseException]) -> Any:
    def taken(message: Mapping[str, Any]) -> object:
        try:
            return take(message)
        except Exception as error:
            caught.append(error)
            raise

    return taken


def is_wait(fault: BaseException | None) -> bool:
    """Whether a delivery only asked to come again."""
    return isinstance(fault, Unavailable)


@contextmanager
def running() -> Iterator[Program]:
    """One program for any number of runs; `reset` comes before each."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        environment.setattr(RECORDER, "is_deaf", True)
        # botocore sleeps by itself between attempts: there is no argument to pass that by.
        environment.setattr(time, "sleep", lambda _: None)
        with in_moto():
            stack = deployed(environment)
            world = bedrock_world.make(
                stack, environment, data=False, configuration=Configuration(quotas=Quotas(model_units=QUOTA))
            )
            caps = {"max_model_units": CAP, "max_concurrent_jobs": 1, "allow_jobs_on_accept": True}
            world.settings = replace(world.settings, **caps)  # type: ignore[arg-type]
            yield Program(world)

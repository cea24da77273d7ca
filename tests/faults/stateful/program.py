"""The whole program in one process: its functions, moto, the simulator and its queues, on one stepped clock."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import dataset_uploaded
import spending_requested
from bedrock_simulator import Configuration, Quotas
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto.backends import get_backend
from tunedrop.actions import reconcile
from tunedrop.actions.jobs import follow_job
from tunedrop.edges import queues as working
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import metrics
from tunedrop.edges.queues import Queue
from tunedrop.routes import application

from tests import builders
from tests.faults.injector import INJECTOR, Attempt, response
from tests.faults.stateful.history import Asked, Delivered, History, Published, Sent, Touched, Uploaded
from tests.faults.stateful.queues import Message, Queues
from tests.faults.stateful.reached import came_to
from tests.faults.stateful.seen import REGION, Seen
from tests.faults.stateful.wire import Strike, Wire
from tests.hostile.world import TABLES
from tests.integration import bedrock_world
from tests.integration.bedrock_world import Crash, envelope
from tests.integration.conftest import ACCOUNT
from tests.integration.faster_moto import same_rows

CAP, QUOTA = 2, 3
"""MaxModelUnits, with room for a second unit, and what Bedrock would sell: a purchase beyond the cap must be seen."""
UNIT_HOUR = 10
PRICES = {f"{name}.model_unit_hour": float(UNIT_HOUR) for name in ("claude-3-haiku", "llama-3-1-8b")} | {
    f"{name}.training_per_1000_tokens": 0.001 for name in ("claude-3-haiku", "llama-3-1-8b")
}
BY_HAND = "made-by-hand"
SKEWED_BY = timedelta(minutes=3)
"""At most, Bedrock's clock from all others."""
CALM_SECONDS = 1_800
"""So long after the last fault, nothing waits for a second try."""
FORGETFUL = Configuration(quotas=Quotas(model_units=QUOTA), token_seconds=0, unique_names=False)
"""Neither a client token nor a name keeps Bedrock from selling again: our rows and looks alone do."""
TAKES: Mapping[str, Callable[[Cloud, Mapping[str, Any]], object]] = {
    "UploadQueue": dataset_uploaded._take,
    "SpendQueue": spending_requested._advance,
    "JobEventQueue": lambda here, message: follow_job.follow(message, here),
}
"""What the handler of each queue does with one message."""


@dataclass
class Program(Seen):
    """What steps act on, and what invariants look at."""

    queues: Queues = field(default_factory=Queues)
    wire: Wire = field(init=False)
    sequence: int = 0
    keys: int = 0
    brakes: bool = False
    """Whether schedules fire whenever they are due; else only while our functions sleep, or they would hide faults."""
    left_behind: dict[str, datetime] = field(default_factory=dict)
    """Of earlier stacks: what billed when the stack was deleted, by ARN, and when its schedule fires."""
    stacks: int = 0
    """That were deployed one after the other."""
    before: Counter[str] = field(default_factory=Counter)
    """What earlier stacks came to."""

    def __post_init__(self) -> None:
        self.wire = Wire(self._heard, self._touched)
        INJECTOR.servers |= {"sqs": self._serve, "eventbridge": self._serve}
        self._empty = self.world.simulator.snapshot()

    def reset(self) -> None:
        """As if nothing had ever happened: making a stack anew takes longer than many steps."""
        world = self.world
        self.sequence = self.keys = self.stacks = 0
        self.brakes, self.left_behind, self.before = False, {}, Counter()
        world.settings = replace(world.settings, monthly_budget=None)
        world.clock.time, world.ids, world.bedrock_clock.skew = bedrock_world.Clock().time, 0, timedelta()
        world.simulator.restore(self._empty)
        world.put_back_schedules({})
        self.sell(QUOTA)
        self._begin_stack()

    def _begin_stack(self) -> None:
        """An empty one, whose id nobody had."""
        world, self.queues = self.world, Queues()
        self.stacks += 1
        prefix, _, uid = self.world.stack.settings.stack_id.rpartition("/")
        world.settings = replace(world.settings, stack_id=f"{prefix}/{self.stacks:08x}{uid[8:]}")
        self.history = History(world.settings.stack_id)
        self.past.clear()
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
        before = self.digest()
        self.ask("POST", "/jobs?plan=true", body)
        self.history.plans.append((before, self.digest()))

    def make_anew(self) -> None:
        """A person deletes the stack, whatever bills, and deploys it again: tables and bucket are new ones."""
        self._let_schedules_fire()
        schedules = self.world.schedules()
        self.left_behind |= {
            each.resource_arn: schedules.get(each.name, self.now)
            for each in self.ledger("provisioned_throughput")
            if each.is_live
        }
        self.before += came_to(self)
        self._begin_stack()

    def reached(self) -> Counter[str]:
        """What this walk came to, with all its stacks."""
        return self.before + came_to(self) + Counter(new_stacks=self.stacks - 1)

    def put_back(self, ago: int) -> None:
        """A person restores StateTable to how it was so many steps ago."""
        self._let_schedules_fire()
        self.history.restored = True
        self.history.purchases.clear()  # their generations are given anew to what is adopted
        table = get_backend("dynamodb")[ACCOUNT][REGION].tables["StateTable"]
        table.items = same_rows(self.past[max(len(self.past) - 1 - ago, 0)])

    def _let_schedules_fire(self) -> None:
        """From now on, and those that are overdue at once."""
        self.brakes = True
        self.world.sleep(0)

    def buy_by_hand(self, model_arn: str) -> None:
        """A person buys a throughput past the stack, on a model of ours."""
        with suppress(ClientError):
            bedrock_world.foreign(model_arn, BY_HAND)

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
        if self.brakes:
            self.world.sleep(seconds)
        else:
            self.world.clock.advance(seconds)
            self.world.simulator.run_due()
        self.history.calm = False

    def sleep(self, seconds: float) -> None:
        """Time passes in which none of our functions runs: Bedrock and the second brake go on."""
        self.world.sleep(seconds)
        self.history.calm = False

    def sell(self, units: int) -> None:
        """Bedrock has so many model units for us from now on."""
        self.world.simulator.reconfigure(replace(FORGETFUL, quotas=Quotas(model_units=units)))

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
        recorded = self.is_in_flight(sent.get("clientRequestToken"))
        ends_at = self.world.schedules().get(sent.get("provisionedModelName", ""))
        budget, reserved = self.world.settings.monthly_budget, self.reserved_this_month()
        self.history.sent.append(Sent(operation, sent, self.now, recorded, ends_at, budget, reserved, trained_on))

    def _touched(self, operation: str, arn: str) -> None:
        tags = self.world.simulator._world.tags.get(f"arn:{arn}")
        if tags is not None:  # else it is gone
            serves = f"arn:{arn}" in self.served_models()
            self.history.touched.append(Touched(operation, arn, tags.get("tunedrop:stack"), self.now, serves))


def _noting(take: Callable[[Mapping[str, Any]], object], caught: list[BaseException]) -> Any:
    def taken(message: Mapping[str, Any]) -> object:
        try:
            return take(message)
        except Exception as error:
            caught.append(error)
            raise

    return taken

"""A stack in moto beside a simulated Bedrock, on one stepped clock; what was bought is asked of its ledger."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Literal, cast
from urllib.parse import unquote

from bedrock_simulator import Configuration, Event, Fault, FaultyDoor, LedgerEntry, Quotas, Simulator
from bedrock_simulator.in_process import ClientObjects
from moto.backends import get_backend
from moto.core.config import default_user_config as moto_config
from tunedrop.actions import reconcile
from tunedrop.actions.charges import tell_budget
from tunedrop.actions.deployments import adopt_capacity, advance_purchase, release_deployment
from tunedrop.actions.evaluations import advance_evaluation, ask_candidate, start_evaluation
from tunedrop.actions.evaluations.ask_candidate import QuestionChunk
from tunedrop.actions.jobs import advance_job, follow_job, prepare_for_job, start_job, stop_job
from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training.job_plan import PreparedSplit, PreparedVersion
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.start_request import DeploymentRequest, StartJob
from tunedrop.domain.versions import versioning
from tunedrop.domain.versions.versioning import Head, Outcome, Output, Preparation, SplitFile
from tunedrop.edges import clients, clock_and_ids, observability
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import dataset_rows, deployment_rows, job_rows, running_job_slots, upload_rows
from tunedrop.edges.settings import Settings

from tests.faults.injector import INJECTOR, Watch, When, happening
from tests.iam.recorder import RECORDER
from tests.integration import ledger_agreement
from tests.integration.conftest import ACCOUNT, Stack, StackClients
from tests.integration.faster_moto import same_rows
from tests.integration.remembered_worlds import begin, remembered

CALLER = "arn:aws:iam::123456789012:user/dana"
HOUR = 3600.0
TRAINED = 3 * HOUR
BOUGHT = HOUR
READS = ("BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan")
"""How the names of calls begin that leave all as it is."""


class Crash(BaseException):
    """The process dies here; no `except Exception` may keep it alive."""


def crash() -> None:
    """After one call is before the next: every point where the process can die is met once."""
    raise Crash


def deaths(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The calls after which a crash leaves something else than before them: the first of all, and those that write."""
    return ((nth, name) for nth, name in enumerate(names) if nth == 0 or not name.startswith(READS))


class Clock:
    """Stands still until told to move; can be put back."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Where it stands."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.time += timedelta(seconds=seconds)


@dataclass
class BedrockClock:
    """Bedrock's own, which may be ahead of everybody else's."""

    clock: Clock
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        """Where it stands."""
        return self.clock.now() + self.skew


@dataclass
class World:
    """Everything that a story about money needs."""

    stack: Stack
    settings: Settings
    clock: Clock
    simulator: Simulator
    door: FaultyDoor
    events: list[Event]
    prepared: PreparedVersion
    bedrock_clock: BedrockClock
    ids: int = 0
    past: str = ""
    """What it has lived through, while everybody who has would be the same."""
    sent: int = 0
    """How many requests had been sent when that was so."""

    def new_id(self) -> str:
        """Ids that tell their order."""
        self.ids += 1
        return f"01hzz{self.ids:021d}"

    def start(self, **request: Any) -> Job:
        """POST /jobs. `cap`: what MaxModelUnits was then; somebody has changed it since."""
        cap = request.pop("cap", self.settings.max_model_units)
        job_id = request.pop("job_id", None) or self.new_id()
        wish = request.pop("deployment", None)
        if isinstance(wish, str):
            wish = DeploymentRequest(wish)
        return start_job.start(
            StartJob(**{"dataset": "support", "base_model": self.prepared.base_model, "deployment": wish, **request}),
            dataclasses.replace(self.cloud, settings=dataclasses.replace(self.settings, max_model_units=cap)),
            job_id=job_id,
            caller=CALLER,
        )

    @property
    def cloud(self) -> Cloud:
        """What a use case is handed."""
        return Cloud(self.settings, StackClients(self.stack), self.clock.now, self.new_id)

    def stop(self, job_id: str) -> Job:
        """POST /jobs/{id}/stop."""
        return stop_job.stop(job_id, self.cloud)

    def release(self, name: str) -> Any:
        """DELETE /deployments/{name}."""
        return release_deployment.release(name, self.cloud, author=Author(CALLER))

    def spend(self, message: dict[str, Any]) -> Any:
        """One message of SpendQueue, delivered once."""
        done = self._advance(message)
        tell_budget.tell(self.cloud)
        return done

    def _advance(self, message: dict[str, Any]) -> Any:
        if message["kind"] == "advance_job":
            source = message.get("source", "reconcile")
            return advance_job.advance(message["job_id"], self.cloud, clients.spender(), source)
        if "arn" in message:
            return adopt_capacity.take(message["arn"], self.cloud, clients.spender())
        return advance_purchase.advance(message["deployment"], message["generation"], self.cloud, clients.spender())

    def prepare(self, message: dict[str, Any]) -> None:
        """One message of UploadQueue about a job, delivered once."""
        prepare_for_job.prepare(message, self.cloud)

    def follow(self, message: dict[str, Any]) -> Job | None:
        """One message of JobEventQueue, delivered once."""
        return follow_job.follow(message, self.cloud)

    def evaluate(self, message: dict[str, Any]) -> None:
        """One message of EvaluationQueue, delivered once."""
        here = dataclasses.replace(self.cloud, denials_may_pass=True)
        if message["kind"] == start_evaluation.ADVANCE:
            advance_evaluation.advance(message["evaluation_id"], here)
            return
        chunk = QuestionChunk(message["evaluation_id"], message["candidate"], message["chunk"], message["attempt"])
        ask_candidate.ask(chunk, here, clients.bedrock_runtime(read_seconds=60))

    def reconcile(self) -> Any:
        """The schedule fires."""
        return reconcile.reconcile(self.cloud)

    def deliver(self, *, events: bool = True) -> None:
        """Carry out whatever lies on the queues, until nothing does."""
        while True:
            due = [(self.spend, message) for message in self.stack.messages(self.settings.spend_queue_url)]
            due += [(self.prepare, message) for message in self.stack.messages(self.settings.upload_queue_url)]
            due += [(self.follow, message) for message in self.stack.messages(self.settings.job_event_queue_url)]
            due += [(self.evaluate, message) for message in self.stack.messages(self.settings.evaluation_queue_url)]
            arrived, self.events[:] = list(self.events), []
            due += [(self.follow, envelope(event)) for event in arrived if events]
            if not due:
                return
            for carry_out, message in due:
                carry_out(message)

    def wait(self, seconds: float, *, events: bool = True, reconciles: bool = True) -> None:
        """Let time pass, then let everything that is due happen."""
        self.clock.advance(seconds)
        self.simulator.run_due()
        if reconciles:
            self.reconcile()
        self.deliver(events=events)

    def schedules(self) -> dict[str, datetime]:
        """The one-time schedules that stand, by name, and when each fires."""
        return {
            one.name: datetime.fromisoformat(one.schedule_expression.removeprefix("at(").removesuffix(")")).replace(
                tzinfo=UTC
            )
            for one in self.kept_schedules().values()
        }

    def kept_schedules(self) -> dict[str, Any]:
        """The same by their own names, as moto holds them."""
        kept: dict[str, Any] = (
            get_backend("scheduler")[ACCOUNT][self.settings.region].schedule_groups["default"].schedules
        )
        return kept

    def put_back_schedules(self, schedules: Mapping[str, Any]) -> None:
        """Let these stand, and no others."""
        kept = self.kept_schedules()
        kept.clear()
        kept.update(copy.deepcopy(dict(schedules)))

    def fire_schedules(self) -> None:
        """EventBridge Scheduler does what is due, as its own target says it: with none of our code or rows."""
        for name, fires_at in self.schedules().items():
            if fires_at <= self.clock.now():
                parameters = json.loads(clients.scheduler().get_schedule(Name=name)["Target"]["Input"])
                clients.scheduler().delete_schedule(Name=name)
                with suppress(clients.bedrock().exceptions.ResourceNotFoundException):
                    clients.bedrock().delete_provisioned_model_throughput(
                        provisionedModelId=parameters["ProvisionedModelId"]
                    )
        self.simulator.run_due()

    def sleep(self, seconds: float) -> None:
        """Time passes in which none of our functions runs: Bedrock goes on, and schedules fire when they are due."""
        end = self.clock.now() + timedelta(seconds=seconds)
        for fires_at in sorted(self.schedules().values()):
            self.clock.time = min(max(self.clock.time, fires_at), end)
            self.fire_schedules()
        self.clock.time = end
        self.simulator.run_due()

    def checkpoint(self) -> Any:
        """Everything as it stands now."""
        schedules = copy.deepcopy(self.kept_schedules())
        return self.simulator.snapshot(), self.kept_rows(), schedules, self.clock.time

    def restore(self, checkpoint: Any) -> None:
        """Everything as it stood then, queues empty, no metric counted."""
        snapshot, rows, schedules, self.clock.time = checkpoint
        self.simulator.restore(snapshot)
        self.door.clear()
        self.put_back_rows(rows)
        self.put_back_schedules(schedules)
        self.events.clear()
        observability.metrics.clear_metrics()
        stack = self.stack
        for url in (
            stack.upload_queue_url,
            stack.spend_queue_url,
            stack.job_event_queue_url,
            stack.evaluation_queue_url,
            stack.published_queue_url,
        ):
            stack.messages(url)

    def kept_rows(self) -> Any:
        """A backup of StateTable."""
        return same_rows(self._backend().items)

    def put_back_rows(self, rows: Any) -> None:
        """StateTable as it was restored from a backup; Bedrock, schedules and the time stay as they are."""
        self._backend().items = same_rows(rows)

    def rows(self) -> list[Any]:
        """Every row of StateTable."""
        return list(self.stack.dynamodb.scan(TableName=self.settings.state_table)["Items"])

    def has_tables(self) -> bool:
        """Whether nobody has deleted them."""
        return self.settings.state_table in get_backend("dynamodb")[ACCOUNT]["us-west-2"].tables

    def _backend(self) -> Any:
        """Moto's own table: putting rows back one by one takes longer than the stories."""
        return get_backend("dynamodb")[ACCOUNT]["us-west-2"].tables[self.settings.state_table]

    @contextmanager
    def interrupted(self, happens: Callable[[], None], nth: int, when: When = "before") -> Iterator[Watch]:
        """Let something happen once at the `nth` AWS call of the block (0: the first), before or after its effect."""
        with INJECTOR.watched(Watch({nth: happening(happens, when)})) as watch:
            yield watch

    def calls_of(self, story: Callable[[], object]) -> list[str]:
        """The AWS calls that a story makes; everything is put back afterwards."""
        checkpoint = self.checkpoint()
        with INJECTOR.watched(Watch()) as watch:
            story()
        self.restore(checkpoint)
        return watch.names

    def job(self, job_id: str) -> Job:
        """The row."""
        job = job_rows.load(self.stack.table, job_id)
        assert job is not None
        return job

    def purchase(self, name: str = "support-prod", generation: int = 1) -> Purchase:
        """The row."""
        purchase = deployment_rows.load_purchase(self.stack.table, name, generation)
        assert purchase is not None
        return purchase

    @remembered
    def trained(self, /, **request: Any) -> Job:
        """A job that completed, with its deployment's purchase requested and nothing sent yet."""
        job = self.start(deployment=request.pop("deployment", "support-prod"), **request)
        self.deliver()
        self.clock.advance(TRAINED)
        self.simulator.run_due()
        for event in [*self.events]:
            self.follow(envelope(event))
        self.events.clear()
        self.stack.messages(self.settings.spend_queue_url)
        assert self.job(job.id).status == "Completed", self.job(job.id).failure
        return self.job(job.id)

    @remembered
    def ready(self, /, **request: Any) -> Job:
        """A job whose deployment can be called."""
        job = self.trained(**request)
        self.wait(0)
        self.wait(BOUGHT)
        return job

    def bought(self, kind: str = "provisioned_throughput") -> list[LedgerEntry]:
        """What the simulated Bedrock says was ever paid for."""
        return [entry for entry in self.simulator.ledger() if entry.kind == kind]

    def live(self, kind: str = "provisioned_throughput") -> list[LedgerEntry]:
        """What it still bills."""
        return [entry for entry in self.bought(kind) if entry.is_live]

    def lose_answer(self, operation: str, nth: int = 1) -> None:
        """The call takes effect; its answer does not arrive."""
        self.door.add(Fault(operation, self.door.calls(operation) + nth))

    def deployment(self, name: str = "support-prod") -> Deployment:
        """The head row."""
        deployment = deployment_rows.load(self.stack.table, name)
        assert deployment is not None
        return deployment

    def units(self) -> tuple[int, frozenset[str]]:
        """Model units held, and by whom."""
        row = self.stack.table.get(deployment_rows.MODEL_UNITS) or {}
        return row.get("units", 0), row.get("holders", frozenset())

    def running(self) -> frozenset[str]:
        """Jobs that hold a slot."""
        row = self.stack.table.get(running_job_slots.KEY) or {}
        holders: frozenset[str] = row.get("holders", frozenset())
        return holders

    def open_work(self) -> list[str]:
        """What reconcile would look at."""
        return [row["sk"] for row in self.stack.table.query("OPEN").rows]

    def told(self) -> list[str]:
        """Types of the notifications since the last look."""
        return [kind for kind, _ in self.notifications()]

    def notifications(self) -> list[Any]:
        """Types and details of the notifications since the last look."""
        return [(kind, detail) for kind, detail in self.stack.published() if kind != "ReconcileCompleted"]


def refusal(code: str, status: int, words: str = "no") -> tuple[Any, dict[str, Any]]:
    """An answer of AWS that says no, as botocore has read it."""
    answered = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return SimpleNamespace(status_code=status), answered


@contextmanager
def refusing(
    client: Any, operation: str, code: str, status: int = 403, *, about: str = "", words: str = "no"
) -> Iterator[None]:
    """AWS refuses this operation for now; `about`: only where its request holds that text."""

    def answer(params: Any, **_: Any) -> Any:
        return refusal(code, status, words) if about in unquote(str(params)) else None

    event = f"before-call.{client.meta.service_model.service_name}.{operation}"
    client.meta.events.register(event, answer)
    try:
        yield
    finally:
        client.meta.events.unregister(event, answer)


def unlisted() -> AbstractContextManager[None]:
    """Bedrock's list of throughputs lags behind what exists."""
    return showing("ListProvisionedModelThroughputs", provisionedModelSummaries=[])


@contextmanager
def showing(operation: str, *, times: float = math.inf, **members: Any) -> Iterator[None]:
    """Bedrock answers this read, the first so many times, with members that are out of date."""
    answers = itertools.count()

    def change(parsed: Any, **_: Any) -> None:
        if next(answers) < times:
            parsed.update(members)

    event = f"after-call.bedrock.{operation}"
    clients.bedrock().meta.events.register(event, change)
    try:
        yield
    finally:
        clients.bedrock().meta.events.unregister(event, change)


def foreign(model_arn: str | None, name: str = "made-by-hand", **request: Any) -> str:
    """The ARN of a throughput that a person bought past the stack."""
    made = clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName=name, modelId=model_arn or "", modelUnits=1, **request
    )
    return made["provisionedModelArn"]


def envelope(event: Event) -> dict[str, Any]:
    """An event as EventBridge puts it on the queue."""
    return {
        "version": "0",
        "id": "8b1c8a4e-0000-4000-8000-000000000000",
        "detail-type": event.detail_type,
        "source": event.source,
        "account": event.account,
        "time": event.time.isoformat(),
        "region": event.region,
        "resources": list(event.resources),
        "detail": json.loads(json.dumps(event.detail, default=str)),
    }


def make(
    stack: Stack,
    environment: Any,
    *,
    base_model: str = "claude-3-haiku",
    region: str = "us-west-2",
    validation: bool = True,
    configuration: Configuration | None = None,
    data: bool = True,
    **variables: str,
) -> World:
    """A world whose clock starts now, because moto's rows and S3 know only that time.

    It holds one accepted version, support@1, unless it is to have no `data`.
    """
    passthrough: Any = moto_config["core"]["passthrough"]
    environment.setitem(passthrough, "services", ["bedrock", "bedrockruntime", "servicequotas"])
    environment.setenv("AWS_REGION", region)
    environment.setenv("AWS_DEFAULT_REGION", region)
    settings = dataclasses.replace(_settings(stack, variables), region=region)
    clock = Clock()
    bedrock_clock = BedrockClock(clock)
    events: list[Event] = []
    simulator = Simulator(
        objects=ClientObjects(stack.s3),
        publish=events.append,
        clock=bedrock_clock,
        configuration=configuration or Configuration(quotas=Quotas(model_units=2)),
    )
    RECORDER.tags_of = lambda arn: simulator._world.tags.get(arn)  # noqa: PLW0108 - another world may be put in its place
    door = FaultyDoor(simulator)
    INJECTOR.mount(door)
    prepared = prepare(stack, base_model, validation=validation)
    if data and dataset_rows.load_head(stack.table, "support") is None:
        store(stack, prepared)
    world = World(stack, settings, clock, simulator, door, events, prepared, bedrock_clock)
    ledger_agreement.WORLDS.append(world)
    begin(world, base_model, region, validation, data)
    return world


def _settings(stack: Stack, variables: dict[str, str]) -> Settings:
    changed = {name.lower(): type(getattr(stack.settings, name.lower()))(value) for name, value in variables.items()}
    return dataclasses.replace(stack.settings, **changed)


def prepare(stack: Stack, base_model: str, *, validation: bool, records: int = 120) -> PreparedVersion:
    """PreparedVersion data in the bucket, in the base model's own format."""
    write: Callable[[int], Any] = _RECORDS[base_model]
    train = upload(stack, base_model, "train", [write(number) for number in range(records)])
    held_out = [write(number) for number in range(records, records + 40)]
    return PreparedVersion(
        name="support",
        version=1,
        base_model=base_model,
        train=train,
        validation=upload(stack, base_model, "validation", held_out) if validation else None,
        tokens_per_epoch=4_000,
        owner="support-team",
    )


def store(
    stack: Stack,
    prepared: PreparedVersion,
    *,
    verdict: Literal["accepted", "rejected"] = "accepted",
    test: PreparedSplit | None = None,
) -> None:
    """Rows of the version, as if its files had been uploaded and judged."""
    splits = {"train": prepared.train, "validation": prepared.validation, "test": test}
    known: dict[str, PreparedSplit] = {name: split for name, split in splits.items() if split is not None}
    now, dataset = clock_and_ids.now(), prepared.name
    files = [
        SplitFile(f"incoming/{dataset}/{name}.jsonl", f"v{prepared.version}", split.bytes, split.sha256, name, now)
        for name, split in known.items()
    ]
    made = versioning.plan(dataset_rows.load_head(stack.table, dataset) or Head(dataset, now, now), files, None, now)
    assert isinstance(made, versioning.NewVersion)
    assert made.version.number == prepared.version
    upload = upload_rows.begin(stack.table, dataset, "train", files[0].key, files[0].version_id, now)
    assert dataset_rows.reserve(stack.table, upload, made)
    outcome = Outcome(
        tuple(_preparation(prepared, name, split, verdict) for name, split in known.items()), (), prepared.owner
    )
    assert dataset_rows.finish_version(stack.table, versioning.finished(made.version, outcome, now))


def _preparation(
    prepared: PreparedVersion, name: str, split: PreparedSplit, verdict: Literal["accepted", "rejected"]
) -> Preparation:
    return Preparation(
        base_model=prepared.base_model,
        split=cast("Split", name),
        verdict=verdict,
        report_key=f"reports/{prepared.name}/{prepared.version}/{prepared.base_model}/{name}.json",
        records=split.records,
        tokens=prepared.tokens_per_epoch,
        errors=0 if verdict == "accepted" else 1,
        warnings=0,
        output=Output(split.key, split.version_id, split.bytes, split.sha256, split.records)
        if verdict == "accepted"
        else None,
    )


def upload(
    stack: Stack, base_model: str, split: str, records: Sequence[Any], *, version: str = "support/1"
) -> PreparedSplit:
    body = "".join(json.dumps(record) + "\n" for record in records).encode()
    key = f"prepared/{version}/{base_model}/{split}.jsonl"
    answer = stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=body)
    sha256 = f"sha-of-{split}" if version == "support/1" else f"sha-of-{split} of {version}"
    return PreparedSplit(key, answer["VersionId"], len(body), len(records), sha256)


def _question(number: int) -> tuple[str, str]:
    topic = ("the kettle", "the toaster", "the lamp", "the fan")[number % 4]
    return f"How do I clean {topic}, case {number}?", f"Unplug {topic} first, then wipe it with a dry cloth."


def _claude(number: int) -> dict[str, Any]:
    question, answer = _question(number)
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def _converse(number: int) -> dict[str, Any]:
    question, answer = _question(number)
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": question}]},
            {"role": "assistant", "content": [{"text": answer}]},
        ],
    }


def _prompt(number: int) -> dict[str, Any]:
    question, answer = _question(number)
    return {"prompt": question, "completion": answer}


_RECORDS: dict[str, Callable[[int], Any]] = {
    "claude-3-haiku": _claude,
    "nova-lite": _converse,
    "llama-3-1-8b": _prompt,
}

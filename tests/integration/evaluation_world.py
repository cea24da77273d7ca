"""A world with a dataset of tickets and their labels, and models to ask: a tuned one, or bases with skills."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from bedrock_simulator import Configuration
from bedrock_simulator.knowledge import Knowledge, Skill
from botocore.exceptions import ReadTimeoutError
from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.evaluation.evaluation_states import ENDED, STALLED_AFTER, Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer, load
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.evaluation.questions import load as load_questions
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.training.job_plan import PreparedSplit, PreparedVersion
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.domain.versions import object_keys
from tunedrop.edges import clients
from tunedrop.edges.rows import evaluation_rows

from tests.faults.injector import INJECTOR, Watch, happening
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, TRAINED, Crash, World, crash
from tests.integration.caller import call
from tests.integration.remembered_worlds import begin, remembered

LABELS = ("billing", "technical", "returns", "delivery")
_WORDS = (
    "invoice amount refund card",
    "error screen crash restart",
    "return label size swap",
    "parcel late courier van",
)
_QUESTIONS = "questions.jsonl"
OURS, THEIRS = "amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"
ALIKE = {OURS: Skill(0.8), THEIRS: Skill(0.8)}


def asked(number: int) -> str:
    """A ticket of a label's own words."""
    words = _WORDS[number % len(LABELS)].split()
    return f"Ticket {number}: {words[number % 4]} and {words[(number // 4) % 4]} for order {number * 7}"


def ticket(number: int) -> dict[str, Any]:
    """A ticket with its label, in Nova's format."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Answer with the label alone."}],
        "messages": [
            {"role": "user", "content": [{"text": asked(number)}]},
            {"role": "assistant", "content": [{"text": LABELS[number % len(LABELS)]}]},
        ],
    }


def knowledge(numbers: Sequence[int], skills: Mapping[str, Skill], seed: int = 1) -> Knowledge:
    """These tickets as what the simulated world knows."""
    return Knowledge([(asked(number), LABELS[number % len(LABELS)]) for number in numbers], skills, seed=seed)


def make(
    stack: Any, environment: Any, *, tested: int = 60, deployment: str | DeploymentRequest = "support-prod", **more: Any
) -> World:
    """The world, with `support@1` accepted and `support-prod` ready."""
    world = without_job(stack, environment, tested=tested, **more)
    _serve(world, deployment)
    return world


@remembered
def _serve(world: World, deployment: str | DeploymentRequest) -> None:
    world.start(deployment=deployment)
    world.deliver()
    world.wait(TRAINED)
    world.wait(0)
    world.wait(BOUGHT)
    assert world.deployment().state == "Ready"
    world.told()


def without_job(stack: Any, environment: Any, *, tested: int = 20, **more: Any) -> World:
    """The world with `support@1` accepted, and no model tuned yet."""
    return _with_data(stack, environment, [ticket(1_000 + number) for number in range(tested)], **more)


def of_bases(
    stack: Any,
    environment: Any,
    *,
    tested: int = 12,
    skills: Mapping[str, Skill] = ALIKE,
    records: Sequence[dict[str, Any]] = (),
    kept: Mapping[int, dict[str, Any]] | None = None,
    trained: int = 200,
    **more: Any,
) -> World:
    """The world with `support@1` alone, and two base models of planted skills that may be asked it."""
    numbers = range(1_000, 1_000 + tested)
    known = knowledge(numbers, skills)
    every = [*(ticket(number) for number in numbers), *records]
    return _with_data(
        stack, environment, every, kept=kept, trained=trained, configuration=Configuration(knowledge=known, **more)
    )


def of_examples(
    stack: Any,
    environment: Any,
    splits: Mapping[Split, Sequence[tuple[str, str]]],
    *,
    base_knows: float,
    **request: Any,
) -> World:
    """The world with these questions and answers, and `support-prod` trained on them as the request says.

    The base model knows a share of what test asks.
    """
    known = Knowledge(splits["test"], {OURS: Skill(base_knows)})
    world = bedrock_world.make(
        stack,
        environment,
        base_model="nova-lite",
        region="us-east-1",
        data=False,
        configuration=Configuration(knowledge=known),
    )
    made = {
        split: bedrock_world.upload(stack, "nova-lite", split, [_record(*pair) for pair in pairs])
        for split, pairs in splits.items()
    }
    world.prepared = replace(world.prepared, train=made["train"], validation=made["validation"])
    bedrock_world.store(stack, world.prepared, test=made["test"])
    begin(world, world.past, splits)
    world.ready(**request)
    assert world.deployment().state == "Ready"
    return world


def _record(question: str, answer: str) -> dict[str, Any]:
    turns = (("user", question), ("assistant", answer))
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
    }


def _with_data(
    stack: Any,
    environment: Any,
    tested: list[dict[str, Any]],
    learns: Callable[[int], dict[str, Any]] = ticket,
    kept: Mapping[int, dict[str, Any]] | None = None,
    trained: int = 200,
    says: int | None = None,
    **more: Any,
) -> World:
    """`says`: the bytes that train has, if it is to be taken for larger."""
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1", data=False, **more)
    learned = [learns(number) for number in range(trained)]
    train = bedrock_world.upload(stack, "nova-lite", "train", learned)
    train = replace(train, bytes=says or train.bytes)
    world.prepared = replace(world.prepared, train=train, validation=None)
    bedrock_world.store(stack, world.prepared, test=test_split(world, tested))
    if kept:
        body = b"".join(kept_fields.line(number, fields) for number, fields in kept.items())
        stack.s3.put_object(Bucket=stack.bucket, Key=object_keys.kept_fields("support", 1), Body=body)
    begin(world, world.past, learned, tested, kept, says)
    return world


def another(
    world: World,
    *,
    trained: Sequence[dict[str, Any]],
    tested: Sequence[dict[str, Any]],
    version: int = 2,
    dataset: str = "support",
    says: int | None = None,
) -> PreparedVersion:
    """Another version with these records, accepted. `says`: the bytes of train, to be taken for larger."""
    records = {"train": trained, "test": tested}
    splits = {
        split: bedrock_world.upload(world.stack, "nova-lite", split, each, version=f"{dataset}/{version}")
        for split, each in records.items()
    }
    train = replace(splits["train"], bytes=says or splits["train"].bytes)
    made = replace(world.prepared, name=dataset, version=version, train=train, validation=None)
    bedrock_world.store(world.stack, made, test=splits["test"])
    return made


def test_split(world: World, records: list[dict[str, Any]]) -> PreparedSplit:
    """A test split in the bucket."""
    return bedrock_world.upload(world.stack, "nova-lite", "test", records)


# --- requests, and what is to be seen

BASES = {"candidate": "nova-lite", "against": ["nova-micro"]}


def post(world: World, body: dict[str, Any] | None = None, *, key: str | None = None, **query: str) -> Any:
    """POST /evaluations of the deployment against its base."""
    whole = {"dataset": "support", "candidate": "support-prod", **(body or {})}
    key = None if query else key or world.new_id()
    return call("POST", "/evaluations", whole, key=key, query=query or None, cloud=world.cloud)[1]


def start(world: World, **body: Any) -> str:
    """The id of an evaluation of two base models that was requested."""
    evaluation_id: str = post(world, {**BASES, **body})["id"]
    return evaluation_id


def stop(world: World, evaluation_id: str) -> Any:
    """POST /evaluations/{id}/stop."""
    return call("POST", f"/evaluations/{evaluation_id}/stop", key=world.new_id(), cloud=world.cloud)[1]


def get(world: World, evaluation_id: str) -> Any:
    """GET /evaluations/{id}."""
    return call("GET", f"/evaluations/{evaluation_id}", cloud=world.cloud)[1]


def row(world: World, evaluation_id: str) -> Evaluation:
    """The row."""
    found = evaluation_rows.load(world.stack.table, evaluation_id)
    assert found is not None
    return found


def report(world: World, evaluation_id: str) -> Any:
    """The report, as it lies in the bucket."""
    conclusion = row(world, evaluation_id).conclusion
    assert conclusion is not None
    return json.loads(world.stack.s3.get_object(Bucket=world.stack.bucket, Key=conclusion.report_key)["Body"].read())


def stored(world: World, evaluation_id: str) -> Counter[tuple[str, int]]:
    """How often each item of each candidate was stored as answered."""
    return Counter((place, answer.item) for place, answer in _stored(world, row(world, evaluation_id)))


def failed(world: World, evaluation_id: str) -> set[tuple[str, int]]:
    """The items of each candidate that were stored as a failure."""
    return {(place, answer.item) for place, answer in _stored(world, row(world, evaluation_id)) if answer.failure}


def questions(world: World, evaluation_id: str) -> list[Question]:
    """What it asks, in order, as far as one block of them has it."""
    objects = _objects(world, row(world, evaluation_id))
    return [*load_questions(next(body for name, body in objects if name.endswith(_QUESTIONS)))]


def _stored(world: World, evaluation: Evaluation) -> Iterator[tuple[str, GivenAnswer]]:
    for name, body in _objects(world, evaluation):
        if not name.endswith((_QUESTIONS, "few_shot.jsonl")):
            yield from ((name.partition("/")[0], answer) for answer in load(body))


def _objects(world: World, evaluation: Evaluation) -> Iterator[tuple[str, bytes]]:
    folder = object_keys.evaluation_folder(evaluation.dataset, evaluation.version, evaluation.id)
    for item in world.stack.s3.list_objects_v2(Bucket=world.stack.bucket, Prefix=folder).get("Contents", ()):
        body = world.stack.s3.get_object(Bucket=world.stack.bucket, Key=item["Key"])["Body"].read()
        yield item["Key"].removeprefix(folder), body


def every_item(evaluation: Evaluation) -> Counter[tuple[str, int]]:
    """Each item of each candidate, once; a file answers no record twice."""
    return Counter(
        (str(place), item)
        for place, candidate in enumerate(evaluation.candidates)
        for item in range(evaluation.records if candidate.answers else evaluation.items)
    )


# --- how messages come


def messages(world: World) -> list[dict[str, Any]]:
    """What lies on EvaluationQueue, taken off it."""
    return world.stack.messages(world.settings.evaluation_queue_url)


def work(
    world: World, waiting: Sequence[dict[str, Any]] = (), *, times: int = 1, dies: tuple[int, int] = (-1, 0)
) -> list[list[str]]:
    """Carry out all messages, each so many times; the calls of each visit. One that died comes again.

    `dies`: which visit dies after which of its calls, both from 0.
    """
    left, visits = [*waiting, *messages(world)], list[list[str]]()
    while left:
        message = left.pop(0)
        for _ in range(times):
            plan = {dies[1]: happening(crash, "after")} if len(visits) == dies[0] else {}
            with INJECTOR.watched(Watch(plan)) as watch:
                try:
                    world.evaluate(message)
                except Crash:
                    left.append(message)
            visits.append(watch.names)
        left += messages(world)
    return visits


def settle(world: World, evaluation_id: str) -> Evaluation:
    """Work, and let reconcile find what was lost, until the evaluation has ended and nothing of it stands."""
    work(world)
    for _ in range(8):
        if row(world, evaluation_id).state in ENDED and not evaluation_rows.standing(world.stack.table):
            return row(world, evaluation_id)
        stall(world)
    raise AssertionError(f"{row(world, evaluation_id).state}: it does not end")


def stall(world: World) -> None:
    """Nothing moves for so long that reconcile looks after it."""
    world.clock.advance(STALLED_AFTER.total_seconds() + 60)
    world.reconcile()
    work(world)


@contextmanager
def waits_pass_at_once(world: World) -> Iterator[None]:
    """A message that is to be seen later is seen now, and the clock says it is later: moto knows real time only."""

    def hurry(params: dict[str, Any], **_: Any) -> Any:
        world.clock.advance(params.pop("DelaySeconds", 0))
        return params

    events, name = world.stack.sqs.meta.events, "provide-client-params.sqs.SendMessage"
    events.register(name, hurry)
    try:
        yield
    finally:
        events.unregister(name, hurry)


@contextmanager
def sent() -> Iterator[list[dict[str, Any]]]:
    """What Bedrock was asked in the block: the parameters of each call."""
    found: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        found.append(params)

    with _before_each_question(note):
        yield found


@contextmanager
def silent(questions: Iterable[Question]) -> Iterator[None]:
    """Calls that ask one of these have no answer within their time, and may be billed."""
    turns = {question.turns[-1][1] for question in questions}

    def lose(params: dict[str, Any], **_: Any) -> None:
        if params["messages"][-1]["content"][0]["text"] in turns:
            raise ReadTimeoutError(endpoint_url="bedrock-runtime")

    with _before_each_question(lose):
        yield


@contextmanager
def counted() -> Iterator[Counter[int]]:
    """How often Bedrock answered a question of the block, by HTTP status: those with 200 are charged."""
    found: Counter[int] = Counter()

    def count(http_response: Any, **_: Any) -> None:
        found[http_response.status_code] += 1

    with _after_each_answer(count):
        yield found


@contextmanager
def charged() -> Iterator[Counter[tuple[str, str]]]:
    """The tokens that Bedrock says it took in the block, by model and way: `input` or `output`."""
    found: Counter[tuple[str, str]] = Counter()

    def count(http_response: Any, parsed: Any, **_: Any) -> None:
        model = unquote(http_response.url).partition("/model/")[2].removesuffix("/converse")
        for way in ("input", "output"):
            found[model, way] += parsed.get("usage", {}).get(f"{way}Tokens", 0)

    with _after_each_answer(count):
        yield found


@contextmanager
def _before_each_question(do: Callable[..., None]) -> Iterator[None]:
    events, name = (
        clients.bedrock_runtime(read_seconds=60).meta.events,
        "provide-client-params.bedrock-runtime.Converse",
    )
    events.register(name, do)
    try:
        yield
    finally:
        events.unregister(name, do)


@contextmanager
def _after_each_answer(count: Callable[..., None]) -> Iterator[None]:
    events, name = clients.bedrock_runtime(read_seconds=60).meta.events, "after-call.bedrock-runtime.Converse"
    events.register(name, count)
    try:
        yield
    finally:
        events.unregister(name, count)

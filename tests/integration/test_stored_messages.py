"""A message that an earlier release left in a queue does what it asked for, and today's messages are like it.

The second half is what lets a release go back: the one before finds its own messages, and none that it can't read.
"""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tunedrop.actions.datasets import ask_deletion, join_parts
from tunedrop.actions.datasets.join_parts import NamedPart
from tunedrop.actions.jobs import start_job
from tunedrop.domain.training.start_request import StartJob
from tunedrop.edges import clock_and_ids
from tunedrop.edges.rows import dataset_rows, tombstone_rows, upload_rows

from tests import builders
from tests.integration import bedrock_world, ledger_agreement, uploads_world

FIXTURES = Path(__file__).parents[1] / "fixtures" / "messages"
FUNCTIONS = Path(__file__).parents[2] / "functions"
HANDLERS = {"upload": "dataset_uploaded", "spend": "spending_requested", "job_event": "job_state_changed"}


@dataclass(frozen=True)
class Scene:
    """The moment at which a message of its kind waits in its queue: how it is written now, and what shows its work."""

    body: Mapping[str, Any]
    done: Callable[[], object]
    """True once the message was carried out, and false before."""


def make_world(stack, environment):
    """A world of a few hours ago: handlers look at the real clock."""
    world = bedrock_world.make(stack, environment)
    world.clock.time = clock_and_ids.now() - timedelta(hours=4)
    ledger_agreement.WORLDS.clear()  # Bedrock and the handlers have two clocks here
    return world


def advance_job(stack, environment):
    world = make_world(stack, environment)
    world.start()
    return Scene(waiting(stack, "spend"), lambda: world.bought("customization_job"))


def advance_purchase(stack, environment):
    world = make_world(stack, environment)
    world.trained()
    world.reconcile()
    return Scene(waiting(stack, "spend"), world.bought)


def running(stack, environment):
    """A job that has ended in Bedrock, and nobody has heard of it."""
    world = make_world(stack, environment)
    job = world.start()
    world.deliver()
    world.events.clear()
    world.clock.advance(bedrock_world.TRAINED)
    world.simulator.run_due()
    return world, lambda: world.job(job.id).status == "Completed"


def check_job(stack, environment):
    world, done = running(stack, environment)
    world.reconcile()
    return Scene(waiting(stack, "job_event"), done)


def job_event(stack, environment):
    world, done = running(stack, environment)
    return Scene(bedrock_world.envelope(world.events[-1]), done)


def prepare_version(stack, environment):
    bedrock_world.make(stack, environment, data=False)
    upload(stack, "train.jsonl")
    wish = StartJob("support-bot", "llama-3-3-70b")
    start_job.start(wish, stack.cloud, job_id="01hzz000000000000000000001", caller=builders.CALLER)
    return Scene(waiting(stack, "upload"), lambda: uploads_world.version(stack).prepared_for("llama-3-3-70b"))


def join_parts_(stack, environment):
    for part in "ab":
        body = uploads_world.good(40, 100 * ord(part))
        stack.s3.put_object(Bucket=stack.bucket, Key=f"incoming/support-bot/train/{part}.jsonl", Body=body)
    parts = [NamedPart(f"incoming/support-bot/train/{part}.jsonl") for part in "ab"]
    join_parts.request("support-bot", {"train": parts}, "01hzz000000000000000000001", stack.cloud)

    def done():
        asked = upload_rows.load(stack.table, "support-bot", upload_rows.REQUEST, "01hzz000000000000000000001")
        return asked.version == 1

    return Scene(waiting(stack, "upload"), done)


def erase_dataset(stack, environment):
    upload(stack, "train.jsonl")
    cloud = replace(stack.cloud, new_id=lambda: "01hzz000000000000000000001")
    ask_deletion.delete("support-bot", None, cloud, caller=builders.CALLER)

    def done():
        return tombstone_rows.load(stack.table, "support-bot", "01hzz000000000000000000001").state == "erased"

    return Scene(waiting(stack, "upload"), done)


def split_file(stack, environment):
    event = uploads_world.Uploader(stack).put("incoming/support-bot/train.jsonl", uploads_world.good())
    return Scene(event, lambda: dataset_rows.load_version(stack.table, "support-bot", 1))


SCENES: Mapping[str, Callable[[Any, Any], Scene]] = {
    "advance_job": advance_job,
    "advance_purchase": advance_purchase,
    "check_job": check_job,
    "erase_dataset": erase_dataset,
    "join_parts": join_parts_,
    "prepare_version": prepare_version,
    "Model Customization Job State Change": job_event,
    "Object Created": split_file,
}


def upload(stack, name):
    uploads_world.Uploader(stack).upload(f"incoming/support-bot/{name}", uploads_world.good())


def waiting(stack, queue):
    """The one message in a queue, taken off it."""
    (body,) = stack.messages(getattr(stack, f"{queue}_queue_url"))
    return body


@dataclass(frozen=True)
class Stored:
    """A message as a release left it in a queue."""

    release: str
    queue: str
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.release}-{self.queue}-{kind_of(self.body)}"


STORED = [
    Stored(path.parent.name, path.stem, body)
    for path in sorted(FIXTURES.glob("*/*.json"))
    for body in json.loads(path.read_text("utf-8"))
]


def kind_of(body):
    return body.get("kind") or body["detail-type"]


def with_ids(old: Any, now: Any) -> Any:
    """The old message, about what is there now: values of today where the names and kinds are the same."""
    if isinstance(old, dict) and isinstance(now, dict):
        return {name: with_ids(value, now[name]) if name in now else value for name, value in old.items()}
    return now if type(old) is type(now) else old


def shape(body: Any) -> Any:
    """Names and kinds of values; lists by what they hold, because nobody counts on their length."""
    if isinstance(body, dict):
        return {name: shape(value) for name, value in body.items()}
    return type(body).__name__


@pytest.mark.parametrize("message", STORED, ids=str)
def test_a_stored_message_does_what_it_asked_for(stack, environment, message):
    scene = SCENES[kind_of(message.body)](stack, environment)
    assert not scene.done()
    written = {name: message.body[name] for name in ("schema", "kind") if name in message.body}
    event = builders.sqs_event(with_ids(message.body, scene.body) | written)
    handler = importlib.import_module(HANDLERS[message.queue]).handler
    assert handler(event, builders.LambdaContext()) == {"batchItemFailures": []}
    assert scene.done()


OWN = [message for message in STORED if message.release == "0.1.0" and "schema" in message.body]


@pytest.mark.parametrize("message", OWN, ids=str)
def test_a_message_that_is_sent_now_is_one_that_0_1_0_can_read(stack, environment, message):
    now = SCENES[kind_of(message.body)](stack, environment).body
    assert shape(now) == shape(message.body)
    assert (now["schema"], now["kind"]) == (message.body["schema"], message.body["kind"])


def test_every_kind_of_message_that_is_sent_is_stored():
    kinds = {kind_of(message.body) for message in STORED}
    assert kinds == SCENES.keys()
    for path in sorted(FUNCTIONS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send":
                literal = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                assert literal is None or literal in kinds, f"{path.name} sends {literal}; no release is known to"
    matched = {
        case.value.value
        for handler in HANDLERS.values()
        for case in ast.walk(ast.parse((FUNCTIONS / f"{handler}.py").read_text("utf-8")))
        if isinstance(case, ast.MatchValue) and isinstance(case.value, ast.Constant)
    }
    assert matched <= kinds

"""Canaries in what evaluations ask, hold right and are answered: they belong beside the data, and in its report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests import builders
from tests.faults.canary_world import CanaryWorld
from tests.integration.uploads_world import good

DATASET = "canary-asked"
_BODY = {"dataset": DATASET, "candidate": "claude-3-haiku", "against": ["llama-3-1-8b"], "metric": "token_f1"}
_RECORDS = 3


def evaluate(world: CanaryWorld) -> int:
    """An evaluation from its plan to its end, and one whose data went; how many questions were answered."""
    stack, flock = world.stack, world.flock
    for split, content in (("train", good(40)), ("test", "\n".join(_records(world)))):
        world.deliver(world.uploader.put(f"incoming/{DATASET}/{split}.jsonl", content))
    whole = _requested(world, "whole")
    answers = _carried_out(world)
    told = _told(world, builders.api_request("GET", f"/evaluations/{whole}"))
    assert (told["state"], told["answered"]) == ("Completed", 4 * _RECORDS), told

    gone = _requested(world, "gone")
    (message,) = stack.messages(stack.evaluation_queue_url)
    world.call("evaluation_requested", builders.sqs_event(message))
    questions = f"evaluations/{DATASET}/{told['version']}/{gone}/questions.jsonl"
    assert b"Wren" in stack.s3.get_object(Bucket=stack.bucket, Key=questions)["Body"].read()
    stack.s3.put_object(Bucket=stack.bucket, Key=questions, Body=f"no JSON, {flock.content('questions')}".encode())
    _carried_out(world)
    world.look("evaluations")
    world.populated.restore()
    return answers


def _records(world: CanaryWorld) -> Iterator[str]:
    """Base models answer in words that quote the question."""
    for number in range(_RECORDS):
        asked = f"{world.flock.canary('content', f'question {number}')}, why?"
        right = f"{world.flock.canary('content', f'right answer {number}')} of course"
        yield json.dumps({"prompt": asked, "completion": right})


def _requested(world: CanaryWorld, key: str) -> str:
    world.call("control_api", builders.api_request("POST", "/evaluations", body=_BODY, query={"plan": "true"}))
    headers = {"Idempotency-Key": f"canary-{key}"}
    told = _told(world, builders.api_request("POST", "/evaluations", body=_BODY, headers=headers))
    return str(told["id"])


def _told(world: CanaryWorld, request: dict[str, Any]) -> Any:
    return builders.api_answer(world.call("control_api", request))[1]


def _carried_out(world: CanaryWorld) -> int:
    """Every message of EvaluationQueue, until there is none."""
    number = 0
    while messages := world.stack.messages(world.stack.evaluation_queue_url):
        for message in messages:
            world.flock.look("queues", json.dumps(message), "an evaluation's message")
            world.call("evaluation_requested", builders.sqs_event(message))
            number += message["kind"] == "ask_candidate"
    return number

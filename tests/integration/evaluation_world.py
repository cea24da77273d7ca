"""A world with a dataset of tickets and their labels, and a deployment of a model that was tuned on it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.training.job_plan import PreparedSplit
from tunedrop.edges.rows import evaluation_rows

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, TRAINED, World
from tests.integration.caller import call

LABELS = ("billing", "technical", "returns", "delivery")
_WORDS = (
    "invoice amount refund card",
    "error screen crash restart",
    "return label size swap",
    "parcel late courier van",
)
MINUTES = 60.0


def ticket(number: int) -> dict[str, Any]:
    """A ticket of a label's own words, in Nova's format."""
    kind = number % len(LABELS)
    words = _WORDS[kind].split()
    asked = f"Ticket {number}: {words[number % 4]} and {words[(number // 4) % 4]} for order {number * 7}"
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Answer with the label alone."}],
        "messages": [
            {"role": "user", "content": [{"text": asked}]},
            {"role": "assistant", "content": [{"text": LABELS[kind]}]},
        ],
    }


def make(stack: Any, environment: Any, *, tested: int = 60, **more: Any) -> World:
    """The world, with `support@1` accepted and `support-prod` ready."""
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1", data=False, **more)
    train = bedrock_world.upload(stack, "nova-lite", "train", [ticket(number) for number in range(200)])
    test = test_split(world, [ticket(number) for number in range(1_000, 1_000 + tested)])
    world.prepared = replace(world.prepared, train=train, validation=None)
    bedrock_world.store(stack, world.prepared, test=test)
    world.start(deployment="support-prod")
    world.deliver()
    world.wait(TRAINED)
    world.wait(0)
    world.wait(BOUGHT)
    assert world.deployment().state == "Ready"
    world.told()
    return world


def test_split(world: World, records: list[dict[str, Any]]) -> PreparedSplit:
    """A test split in the bucket."""
    return bedrock_world.upload(world.stack, "nova-lite", "test", records)


def post(world: World, body: dict[str, Any] | None = None, *, key: str | None = None, **query: str) -> Any:
    """POST /evaluations of the deployment against its base."""
    whole = {"dataset": "support", "candidate": "support-prod", **(body or {})}
    key = None if query else key or world.new_id()
    return call("POST", "/evaluations", whole, key=key, query=query or None, cloud=world.cloud)[1]


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

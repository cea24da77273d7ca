"""A stack that has something of everything, so that hostile requests do not all end in 404."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from moto.backends import get_backend
from tunedrop.actions.datasets import ask_deletion, join_parts
from tunedrop.actions.datasets.join_parts import NamedPart
from tunedrop.actions.deployments import plan_deployment, put_deployment
from tunedrop.actions.messages import manage_keys
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.edges.observability import logger

from tests import builders
from tests.conftest import scrub
from tests.integration import bedrock_world, evaluation_world
from tests.integration.caller import call
from tests.integration.conftest import ACCOUNT, Stack, deployed, in_moto
from tests.integration.uploads_world import Uploader, good

REGION = "us-west-2"
WAITING = "support-month"
"""The deployment that waits for an approval."""
UPLOAD = "01jd3k5m7n9p1q3r5s7t9v1joi"
Names = dict[str, list[str | int]]
"""By parameter of the OpenAPI document (`path.name`, `body.dataset`): values that exist."""
_PAGED = ("/datasets", "/jobs", "/datasets/support-bot/versions", "/evaluations", "/keys")
TABLES = ("StateTable", "AccessTable")


@dataclass(slots=True)
class Populated:
    """The stack, what in it may be named, and its rows as they were at first."""

    stack: Stack
    names: Names
    _rows: dict[str, Any]

    def restore(self) -> None:
        """Put all rows back, so that each request meets the same stack. What lies on queues nobody reads here."""
        for table, rows in self._rows.items():
            get_backend("dynamodb")[ACCOUNT][REGION].tables[table].items = copy.deepcopy(rows)


@contextmanager
def populated() -> Iterator[Populated]:
    """Such a stack in moto, beside a simulated Bedrock."""
    with pytest.MonkeyPatch.context() as environment, quiet():
        scrub(environment)
        with in_moto():
            environment.setenv("TUNEDROP_ALLOW_COMMITMENTS", "true")
            stack = deployed(environment)
            world = bedrock_world.make(stack, environment, data=False, MAX_MODEL_UNITS="3")
            test = bedrock_world.upload(stack, "claude-3-haiku", "test", [_asked(number) for number in range(40)])
            bedrock_world.store(stack, world.prepared, test=test)
            names = _populate(world)
            for url in (
                stack.spend_queue_url,
                stack.upload_queue_url,
                stack.job_event_queue_url,
                stack.evaluation_queue_url,
            ):
                stack.messages(url)
            tables = get_backend("dynamodb")[ACCOUNT][REGION].tables
            yield Populated(stack, names, {name: copy.deepcopy(tables[name].items) for name in TABLES})


@contextmanager
def quiet() -> Iterator[None]:
    """A campaign's log would be longer than what it says."""
    level = logger.log_level
    logger.setLevel("CRITICAL")
    try:
        yield
    finally:
        logger.setLevel(level)


def _populate(world: bedrock_world.World) -> Names:
    stack, uploader = world.stack, Uploader(world.stack)
    served = world.ready(deployment="support-prod")
    spare = world.trained(deployment=None)
    evaluated = evaluation_world.post(world)["id"]
    world.deliver()
    running = world.start()
    _ask_for_a_term(world, served.id)
    uploader.upload("incoming/support-bot/train.jsonl", good(40))
    uploader.upload("incoming/support-bot/train.jsonl", "no JSON\n")
    uploader.upload("incoming/gone/train.jsonl", good(40))
    ask_deletion.delete("gone", None, stack.cloud, caller=builders.CALLER, plan=False)
    parts = [f"incoming/support-bot/train/{name}.jsonl" for name in "ab"]
    for number, part in enumerate(parts):
        uploader.put(part, good(40, 40 * number))
    asked = join_parts.request("support-bot", {"train": [NamedPart(part) for part in parts]}, UPLOAD, stack.cloud)
    keys = [_key(stack, name) for name in ("old", "new")]
    manage_keys.revoke(keys[0], stack.cloud)
    evaluating = evaluation_world.post(world)["id"]
    datasets: list[str | int] = ["support", "support-bot", "gone"]
    return {
        "path.name": [*datasets, "support-prod", "support-next", served.name, spare.name, WAITING],
        "path.number": [1, 2, 3],
        "path.job_id": [served.id, running.id],
        "path.evaluation_id": [evaluated, evaluating],
        "path.key_id": [*keys],
        "path.upload_id": [asked.version_id],
        "query.cursor": [_cursor(path) for path in _PAGED],
        "body.dataset": datasets,
        "body.job_id": [served.id, running.id],
        "body.model": [served.name, running.name],
        "query.state": ["Ready", "Released"],
        "body.candidate": ["support-prod", "claude-3-haiku"],
        "body.against[*]": ["base", "support-prod", "nova-micro"],
        "body.base_model": ["claude-3-haiku", "nova-lite"],
        "body.version": [1, 2],
        "body.splits[*].[*]": [*parts],
        "body.split": ["train", "validation"],
        "body.extension": ["jsonl", "csv"],
        "body.file": ["dataset.toml"],
        "body.deployment.name": ["support-prod", "support-next"],
    }


def _asked(number: int) -> dict[str, Any]:
    """A record of the test split that train does not have."""
    asked, label = f"Which queue takes ticket {number}?", ("billing", "returns")[number % 2]
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": label}]
    return {"system": "Answer with the label alone.", "messages": turns}


def _ask_for_a_term(world: bedrock_world.World, job_id: str) -> None:
    """Somebody else than who calls asks for a commitment, which waits for its approval."""
    asked = PutDeployment(
        WAITING, job_id, serving="provisioned_throughput", commitment="one_month", accept_unknown_price=True
    )
    cloud = replace(world.cloud, now=world.stack.cloud.now)  # it lapses after days by the time of who calls
    confirmed = replace(asked, plan_id=plan_deployment.plan(asked, cloud).checked.plan.plan_id)
    put_deployment.put(confirmed, cloud, intent_id=world.new_id(), author=Author(bedrock_world.CALLER))


def _key(stack: Stack, name: str) -> str:
    key_id = f"01jd3k5m7n9p1q3r5s7t9v1{name}"
    manage_keys.create(stack.cloud, key_id=key_id, name=name, deployments="*", created_by=builders.CALLER)
    return key_id


def _cursor(path: str) -> str:
    """Of the first page of a listing, with one entry."""
    _, page = call("GET", path, query={"limit": "1"})
    return str(page["cursor"])

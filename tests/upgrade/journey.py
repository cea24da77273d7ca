"""The last release, at work in the embedded cloud, becomes this one and goes back; what is found wrong on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tunedrop.edges import clock_and_ids
from tunedrop_cli.errors import Refused
from tunedrop_local import client
from tunedrop_local.deploy import DeploymentFailed

from tests.e2e.traveller import Traveller
from tests.upgrade import releases

TIME_SCALE = 900
"""Three hours of training pass in twelve seconds: long enough to be at work while a stack is updated."""
PARAMETERS = {"MaxModelUnits": "2", "MaxConcurrentJobs": "1"}
BASE_MODEL = "claude-3-haiku"
READERS = {  # event source mappings
    "UploadQueue": "DatasetUploadedFunctionUploads",
    "SpendQueue": "SpendingRequestedFunctionSpending",
    "JobEventQueue": "JobStateChangedFunctionJobEvents",
}
DEAD_LETTERS = tuple(queue.replace("Queue", "DeadLetterQueue") for queue in READERS)
MADE_ANEW = (  # by each change of its content on AWS; of its document in the embedded cloud (docs/local.md)
    "AWS::ApiGateway::",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",  # of an API whose id is new
)
HOLDS_DATA = ("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue")
CAPACITY = ("provisioned_throughput", "custom_model_deployment")
LATE = timedelta(seconds=90)
"""For how long capacity may outlive its hours: two looks of reconcile take 5 seconds here, a busy machine the rest."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as CloudFormation knows it: replacing it changes its physical id."""

    type: str
    physical_id: str


@dataclass(slots=True)
class Journey:
    """One stack on its way, and what is wrong with it so far."""

    cloud: client.Cloud
    person: Traveller = field(init=False)
    objections: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    arns: dict[str, str] = field(default_factory=dict)
    """Of deployments, by name."""
    last_release: frozenset[str] = frozenset()
    """Its resources: what only this release has goes with it on the way back."""

    def deploy(self, folder: Path, what: str) -> None:
        """Create the stack, or make another release of it: nothing but code and settings may be replaced."""
        stack = self.cloud.deploy(template=folder / "template.yaml", parameters=PARAMETERS)
        self.person = Traveller.of(stack)  # anew: the URL of an API may have changed
        found = dict(self._resources())
        self.last_release = self.last_release or frozenset(found)
        of_both = {name: each for name, each in self.resources.items() if name in self.last_release}
        self.objections += [f"{what}: {words}" for words in replaced(of_both, found)]
        self.resources = found
        self.steps.append(f"{what}: {len(found)} resources stand that an update must not replace")

    def _resources(self) -> Iterator[tuple[str, Resource]]:
        pages = self.person.stack.client("cloudformation").get_paginator("list_stack_resources")
        for page in pages.paginate(StackName="tunedrop"):
            for each in page["StackResourceSummaries"]:
                if not each["ResourceType"].startswith(MADE_ANEW):
                    yield each["LogicalResourceId"], Resource(each["ResourceType"], each["PhysicalResourceId"])

    def read(self, *, on: bool) -> None:
        """Let the functions read their queues, or let the messages wait."""
        functions = self.person.stack.client("lambda")
        for mapping in READERS.values():
            functions.update_event_source_mapping(UUID=self.person.stack.resource(mapping), Enabled=on)

    def waiting(self, queue: str) -> int:
        """How many messages wait in a queue."""
        asked = self.person.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.person.stack.resource(queue), AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    def upload(self, dataset: str, *, first: int = 0) -> None:
        """A file of 80 records."""
        asked = "Please tell me, how do I descale kettle {}?"
        lines = [
            json.dumps({"prompt": asked.format(number), "completion": f"Boil {number} spoons of citric acid."})
            for number in range(first, first + 80)
        ]
        self.person.put(f"{dataset}/train.jsonl", "\n".join(lines))

    def start(self, dataset: str, deployment: str = "") -> str:
        """Ask for a job; its id."""
        wish: dict[str, Any] = {"dataset": dataset, "base_model": BASE_MODEL, "hyperparameters": {"epochCount": 2}}
        if deployment:
            wish["deployment"] = {"name": deployment, "hours": 8}
        key = f"{dataset}-{len(self.jobs)}"
        self.jobs.append(self.person.api.post("/jobs", wish, idempotency_key=key)["id"])
        return self.jobs[-1]

    def job(self, job: str, *statuses: str) -> dict[str, Any]:
        """The job, once it has one of these statuses."""

        def look() -> Any:
            found = self.person.api.get(f"/jobs/{job}")
            return found if found["status"] in statuses else None

        return dict(self.person.eventually(look))

    def serve(self, name: str) -> None:
        """Wait until it can be called, and note what it is in Bedrock."""
        self.arns[name] = self.person.deployment(name, "Ready")["arn"]

    def expire(self, name: str) -> datetime:
        """Let the hours of a deployment be over now: they pass by the clock on the wall, which nobody can turn."""
        now = clock_and_ids.now()
        stack = self.person.stack
        for row in ("HEAD", "PURCHASE#000001"):
            stack.client("dynamodb").update_item(
                TableName=stack.outputs["StateTableName"],
                Key={"pk": {"S": f"DEPLOYMENT#{name}"}, "sk": {"S": row}},
                ConditionExpression="attribute_exists(expires_at)",
                UpdateExpression="SET expires_at = :now",
                ExpressionAttributeValues={":now": {"S": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}},
            )
        return now

    def expect_release(self, name: str, what: str) -> None:
        """Its hours are over: it is given back, and in time."""
        over = self.expire(name)
        self.person.deployment(name, "Released")
        (line,) = [each for each in self.cloud.ledger() if each["resource_arn"] == self.arns[name]]
        if line["ended_at"] is None or datetime.fromisoformat(line["ended_at"]) - over > LATE:
            self.objections.append(f"{what}: {name} was given back late, at {line['ended_at']} instead of {over}")
        self.steps.append(f"{what}: {name} was given back when its hours were over")

    def expect_call(self, secret: str, name: str, what: str) -> None:
        """A key of an earlier release still opens what it opened."""
        body = {"model": name, "max_tokens": 50, "messages": [{"role": "user", "content": "How do I descale it?"}]}
        status, answer = self.person.post_message(body, {"x-api-key": secret})
        if status != 200:
            self.objections.append(f"{what}: a call of {name} answered {status} {answer}")


def go(last: Path, this: Path, state: Path) -> Journey:
    """The journey from the last release, unpacked in a folder, to this one and back; every wait has an end."""
    with client.start(releases.ROOT, state, time_scale=TIME_SCALE) as cloud:
        journey = Journey(cloud)
        try:
            secret = _last_release(journey, last)
            _this_release(journey, this, secret)
            _back(journey, last, secret)
            _judge(journey)
        except (AssertionError, DeploymentFailed, Refused) as end:  # what a traveller waits for in vain, or is told
            journey.objections.append(f"went no further than {journey.steps[-1:]}: {end}")
        return journey


def _last_release(journey: Journey, folder: Path) -> str:
    """Live capacity, a live job, a job that waits for room, and messages in each queue; a key's secret."""
    journey.deploy(folder, "last release")
    person = journey.person
    person.settle("first", f'base_models = ["{BASE_MODEL}"]\n')
    person.settle("second", f'base_models = ["{BASE_MODEL}"]\n')
    journey.upload("first")
    person.version("first", "train", "dataset.toml")
    journey.job(journey.start("first", "first-prod"), "Completed")
    journey.serve("first-prod")
    secret = str(person.api.post("/keys", {"name": "journey", "deployments": ["first-prod", "second-prod"]})["secret"])
    journey.job(journey.start("first", "second-prod"), "InProgress")
    _queue_up(journey, "first", "second")
    return secret


def _queue_up(journey: Journey, trained: str, uploaded: str) -> None:
    """Messages that nobody reads yet: of an upload, of a job to start, and of Bedrock or reconcile."""
    journey.read(on=False)
    journey.upload(uploaded, first=1000 * len(journey.jobs))
    journey.start(trained)
    for queue in READERS:
        journey.person.eventually(partial(journey.waiting, queue))


def _this_release(journey: Journey, folder: Path, secret: str) -> None:
    live, waits = journey.jobs[-2:]
    journey.deploy(folder, "this release")
    journey.read(on=True)
    journey.expect_call(secret, "first-prod", "this release")
    journey.person.version("second", "train", "dataset.toml")
    for job in (live, waits):
        journey.job(job, "Completed")
    journey.serve("second-prod")
    journey.expect_release("first-prod", "this release")
    journey.job(journey.start("second"), "InProgress")
    _queue_up(journey, "second", "first")


def _back(journey: Journey, folder: Path, secret: str) -> None:
    live, waits = journey.jobs[-2:]
    journey.deploy(folder, "back")
    journey.read(on=True)
    journey.expect_call(secret, "second-prod", "back")
    for job in (live, waits):
        journey.job(job, "Completed")
    journey.expect_release("second-prod", "back")


def _judge(journey: Journey) -> None:
    ledger = journey.cloud.ledger()
    journey.objections += costs(ledger, journey.jobs, list(journey.arns.values()))
    journey.objections += [
        f"{count} messages were given up on in {queue}" for queue in DEAD_LETTERS if (count := journey.waiting(queue))
    ]
    journey.steps.append(f"{len(journey.jobs)} jobs, {len(journey.arns)} purchases, {len(ledger)} lines of the ledger")


def costs(ledger: Iterable[Mapping[str, Any]], jobs: Iterable[str], arns: Iterable[str]) -> Iterator[str]:
    """What is wrong by Bedrock's ledger: each job is trained once, each capacity bought once, and nothing is left."""
    lines = list(ledger)
    trained = Counter(line["tags"].get("tunedrop:job") for line in lines if line["kind"] == "customization_job")
    if trained != Counter(jobs):
        yield f"trained {trained} instead of each of {', '.join(jobs)} once"
    bought = [line for line in lines if line["kind"] in CAPACITY]
    if sorted(line["resource_arn"] for line in bought) != sorted(arns):
        yield f"{len(bought)} purchases, which are not those of the deployments"
    yield from (f"{line['name']} is still billed at the end" for line in bought if line["ended_at"] is None)


def replaced(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> Iterator[str]:
    """Resources that are not what they were; one that is gone counts where it holds data."""
    for name, was in before.items():
        if name not in after:
            if was.type in HOLDS_DATA:
                yield f"{name} is gone"
        elif after[name] != was:
            yield f"{name} was replaced"

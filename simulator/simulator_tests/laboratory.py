"""A laboratory: a simulator on a stepped clock with its objects in memory, asked in its own wire format."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bedrock_simulator import (
    Configuration,
    Event,
    FaultyDoor,
    MemoryObjects,
    Request,
    Response,
    Simulator,
    SteppedClock,
)
from bedrock_simulator.operations import RUNTIME
from bedrock_simulator.protocol import rest_json
from botocore.serialize import create_serializer

ACCOUNT, REGION = "123456789012", "us-west-2"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"


class Refused(Exception):
    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.status, self.message = code, status, message


def haiku_line(index: int) -> bytes:
    question = f"How do I reset device {index}?"
    answer = f"Hold the button of device {index} for ten seconds."
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"system": "Be brief.", "messages": messages}).encode()


def nova_line(index: int) -> bytes:
    question = [{"text": f"How do I reset device {index}?"}]
    answer = [{"text": f"Hold the button of device {index} for ten seconds."}]
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    document = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    return json.dumps(document).encode()


def llama_line(index: int) -> bytes:
    return json.dumps({"prompt": f"Reset device {index}", "completion": f"Hold button {index}."}).encode()


@dataclass
class Lab:
    """Steps: `ask` an operation, `advance` the clock; look at `events`, `objects.stored`, `ledger()`."""

    configuration: Configuration = field(default_factory=Configuration)
    clock: SteppedClock = field(default_factory=SteppedClock)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.simulator = self.new_simulator()
        self.door = FaultyDoor(self.simulator)
        self.put("train.jsonl", haiku_line, 64)

    def new_simulator(self) -> Simulator:
        return Simulator(
            objects=self.objects,
            publish=self.events.append,
            clock=self.clock,
            configuration=self.configuration,
        )

    def put(self, key: str, line, count: int) -> str:
        self.objects.stored[f"s3://data/{key}"] = b"\n".join(line(i) for i in range(count))
        return f"s3://data/{key}"

    def request(self, operation: str, *, region: str = REGION, account: str = ACCOUNT, **parameters: Any) -> Request:
        service = "bedrock-runtime" if operation in RUNTIME else "bedrock"
        model = rest_json(service).operation_model(operation)
        wire = create_serializer("rest-json", include_validation=False).serialize_to_request(parameters, model)
        url = urlsplit(wire["url_path"])
        query = wire["query_string"]
        pairs = {k: [str(v)] for k, v in query.items()} if isinstance(query, dict) else {}
        return Request(
            service=service,
            method=wire["method"],
            path=url.path,
            query=parse_qs(url.query) | pairs,
            headers={k.lower(): v for k, v in wire["headers"].items()},
            body=wire["body"] if isinstance(wire["body"], bytes) else wire["body"].encode(),
            account=account,
            region=region,
        )

    def send(self, operation: str, **parameters: Any) -> Response:
        return self.door.handle(self.request(operation, **parameters))

    def ask(self, operation: str, **parameters: Any) -> Any:
        response = self.send(operation, **parameters)
        assert isinstance(response.body, bytes)
        document = json.loads(response.body)
        if response.status >= 300:
            raise Refused(response.headers["x-amzn-errortype"], response.status, document["message"])
        return document

    def refusal(self, operation: str, **parameters: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            self.ask(operation, **parameters)
        return caught.value

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.simulator.run_due()

    def job(self, **changes: Any) -> dict[str, Any]:
        return {
            "jobName": "job-1",
            "customModelName": "model-1",
            "roleArn": ROLE,
            "baseModelIdentifier": HAIKU,
            "trainingDataConfig": {"s3Uri": "s3://data/train.jsonl"},
            "outputDataConfig": {"s3Uri": "s3://data/out/"},
        } | changes

    def start(self, **changes: Any) -> Any:
        return self.ask("CreateModelCustomizationJob", **self.job(**changes))["jobArn"]

    def train(self, **changes: Any) -> Any:
        """The ARN of a model whose job has run to its end."""
        region = {"region": changes["region"]} if "region" in changes else {}
        arn = self.start(**changes)
        self.advance(20_000)
        return self.ask("GetModelCustomizationJob", jobIdentifier=arn, **region)["outputModelArn"]

    def buy(self, **changes: Any) -> Any:
        wish = {"provisionedModelName": "capacity-1", "modelId": "model-1", "modelUnits": 1} | changes
        return self.ask("CreateProvisionedModelThroughput", **wish)["provisionedModelArn"]

    def deploy(self, model_arn: str, **changes: Any) -> Any:
        wish = {"modelDeploymentName": "deployment-1", "modelArn": model_arn} | changes
        return self.ask("CreateCustomModelDeployment", **wish)["customModelDeploymentArn"]

    def reconfigure(self, **changes: Any) -> None:
        self.simulator.reconfigure(dataclasses.replace(self.simulator.configuration, **changes))

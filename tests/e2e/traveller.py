"""A person's own system: uploads, signed requests, an API key and an SDK, against a deployed stack."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials
from tunedrop_cli.control import ControlApi
from tunedrop_cli.errors import Refused
from tunedrop_local.client import Stack
from tunedrop_local.identities import Identity

from tests import waiting
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    import anthropic


@dataclass(frozen=True)
class Traveller:
    """Somebody with the stack's data keeper, operator, reader and responder policies."""

    stack: Stack
    person: Identity
    api: ControlApi

    @classmethod
    def of(cls, stack: Stack) -> Traveller:
        """A traveller for a stack."""
        person = stack.person(f"traveller-{stack.region}")
        credentials = Credentials(person.access_key_id, person.secret_access_key)
        return cls(stack, person, ControlApi(stack.url("ControlApiUrl"), stack.region, credentials, PATIENCE))

    def client(self, service: str) -> Any:
        """A boto3 client with the person's own identity."""
        return self.stack.client(service, self.person)

    @property
    def bucket(self) -> str:
        return self.stack.outputs["DataBucketName"]

    def put(self, key: str, body: str) -> None:
        """Upload one object under incoming/."""
        self.client("s3").put_object(Bucket=self.bucket, Key=f"incoming/{key}", Body=body.encode())

    def settle(self, dataset: str, toml: str) -> None:
        """Upload a dataset.toml and wait until it is noted: S3's events of several uploads come in any order."""
        self.put(f"{dataset}/dataset.toml", toml)
        self.eventually(lambda: self.api.get(f"/datasets/{dataset}"))

    def read(self, key: str) -> Any:
        """The lines of an object, each as JSON; a report is one line."""
        body = self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()] if key.endswith(".jsonl") else json.loads(body)

    def version(self, dataset: str, *slots: str) -> dict[str, Any]:
        """The version that holds these files, once it has a verdict."""

        def look() -> Any:
            latest = self.api.get(f"/datasets/{dataset}")["latest_version"]
            version = self.api.get(f"/datasets/{dataset}/versions/{latest}")
            ready = set(slots) <= set(version["files"]) and version["status"] in {"accepted", "rejected"}
            return version if ready else None

        return self.eventually(look)

    def job(self, key: str = "", **request: Any) -> dict[str, Any]:
        """Start a job, and wait for its end; `key` tells several jobs of one dataset and base model apart."""
        started = self.api.post("/jobs", request, idempotency_key=f"{request['dataset']}-{request['base_model']}{key}")
        ended = {"Completed", "Failed", "Stopped"}

        def look() -> Any:
            job = self.api.get(f"/jobs/{started['id']}")
            return job if job["status"] in ended else None

        return self.eventually(look)

    def metric_points(self, job: Mapping[str, Any]) -> dict[str, int]:
        """How many points of a completed job are stored, by split; its end does not wait for them."""
        return dict(self.eventually(lambda: self.api.get(f"/jobs/{job['id']}")["metric_points"]))

    def deployment(self, name: str, *states: str) -> dict[str, Any]:
        """The deployment once it is in one of these states."""

        def look() -> Any:
            deployment = self.api.get(f"/deployments/{name}")
            assert deployment["state"] in states or deployment["state"] != "Failed", deployment["failure"]
            return deployment if deployment["state"] in states else None

        return self.eventually(look)

    def sdk(self, secret: str) -> anthropic.Anthropic:
        """The Anthropic SDK, pointed at MessagesApi."""
        import anthropic  # takes two seconds, and every process of the tests collects all of them

        return anthropic.Anthropic(base_url=self.stack.url("MessagesApiUrl"), api_key=secret, max_retries=0)

    def post_message(self, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """Plain HTTP: status and JSON."""
        url = self.stack.url("MessagesApiUrl") + "/v1/messages"
        sent = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(url, json.dumps(body).encode(), sent)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def live(self) -> list[dict[str, Any]]:
        """What Bedrock's ledger still bills by the hour in this Region."""
        kinds = {"provisioned_throughput", "custom_model_deployment"}
        return [
            line
            for line in self.stack.cloud.ledger()
            if line["kind"] in kinds and line["ended_at"] is None and f":{self.stack.region}:" in line["resource_arn"]
        ]

    @staticmethod
    def eventually(look: Callable[[], Any]) -> Any:
        """What `look` gives as soon as it is true; not found on the way there is not yet."""

        def found() -> Any:
            try:
                return look()
            except Refused as refused:
                if refused.status != 404:
                    raise
                return None

        return waiting.eventually(found)

"""The account and the stack, seen through a door that only reads.

`Reader.ask` refuses every operation whose name does not begin like a reading one, so a check can't write by mistake.
"""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tunedrop_cli.control import ControlApi
from tunedrop_cli.doctor.outcomes import CannotTell, Missing
from tunedrop_cli.errors import Refused
from tunedrop_cli.stack import URL_VARIABLE, Stack

MESSAGES_VARIABLE = "TUNEDROP_MESSAGES_API_URL"
READING = ("describe_", "get_", "list_")
ANSWERS_WITHIN = 10.0
"""Seconds, for each attempt of two."""
_CONFIG = Config(
    connect_timeout=ANSWERS_WITHIN / 2,
    read_timeout=ANSWERS_WITHIN,
    retries={"mode": "standard", "total_max_attempts": 2},
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
ABSENT = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchPublicAccessBlockConfiguration",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_PREFIXES = {"service-quotas": "servicequotas"}
_ACTIONS = {
    ("apigateway", "get_stage"): "apigateway:GET",
    ("s3", "get_bucket_encryption"): "s3:GetEncryptionConfiguration",
    ("s3", "get_public_access_block"): "s3:GetBucketPublicAccessBlock",
    ("s3", "list_object_versions"): "s3:ListBucketVersions",
}
"""Where the permission has another name than the operation."""

Known = TypeVar("Known")


@dataclass(frozen=True, slots=True)
class Deployed:
    """The stack as CloudFormation describes it."""

    stack_id: str
    status: str
    changed_at: datetime
    """When it was created or last updated."""
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(slots=True)
class Reader:
    """Asks AWS and ControlApi, each question once; safe to use from several threads.

    Methods raise CannotTell where a permission is missing or nobody answers, Missing where the thing is not there, and
    botocore's ClientError for other refusals.
    """

    reached: Stack
    _clients: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, Any] = field(default_factory=dict)
    _locks: dict[str, threading.RLock] = field(default_factory=dict)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.reached.name

    @property
    def region(self) -> str:
        """The Region that commands of this shell use; empty if there is none."""
        return self.reached.session.region_name or ""

    def ask(self, service: str, operation: str, **arguments: Any) -> Any:
        """One reading call. Raises RuntimeError for any other."""
        if not operation.startswith(READING):
            raise RuntimeError(f"{service} {operation} does not only read")
        return self._call(service, operation, arguments)

    def deployed(self) -> Deployed:
        """The stack. Raises Missing if there is none of this name here."""
        return self._once("stack", self._describe)

    def output(self, name: str) -> str:
        """An output of the stack. Raises Missing."""
        found = self.deployed().outputs.get(name)
        if found is None:
            raise Missing(f"the stack {self.name} has no output {name}")
        return found

    def resources(self) -> Mapping[str, str]:
        """Physical ids by logical id."""
        return self._once("resources", self._list_resources)

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the template. Raises Missing."""
        found = self.resources().get(logical_id)
        if found is None:
            raise Missing(f"the stack {self.name} has no {logical_id}")
        return found

    def settings(self) -> Mapping[str, str]:
        """The environment of ControlApi's function: parameters with their defaults worked out. Holds no secrets."""

        def read() -> Mapping[str, str]:
            function = self.resource("ControlApiFunction")
            answer = self.ask("lambda", "get_function_configuration", FunctionName=function)
            return dict(answer.get("Environment", {}).get("Variables", {}))

        return self._once("settings", read)

    def base_models(self) -> list[dict[str, Any]]:
        """What `GET /base-models` answers."""
        return self._once("base models", lambda: list(self.get("/base-models")["base_models"]))

    def quotas(self) -> list[dict[str, Any]]:
        """The quotas of Bedrock in this account and Region."""
        read = partial(self.every, "service-quotas", "list_service_quotas", "Quotas", ServiceCode="bedrock")
        return self._once("quotas", read)

    def get(self, path: str, **query: str | int) -> Any:
        """A GET request of ControlApi."""
        with told(f"GET {path}"):
            return self.api().get(path, **query)

    def api(self) -> ControlApi:
        """A client of ControlApi with the credentials of now: in the hours of a training they are renewed."""
        credentials = self.reached.session.get_credentials()
        if credentials is None:
            raise CannotTell("there are no credentials")
        url = self.reached.chosen.url or os.environ.get(URL_VARIABLE) or self.output("ControlApiUrl")
        frozen = credentials.get_frozen_credentials()
        return ControlApi(url, self.region, frozen, timeout=2 * ANSWERS_WITHIN, pauses=(1.0,))

    def every(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """All elements of a listing that has pages."""
        found: list[Any] = []
        token: dict[str, str] = {}
        while True:
            answer = self.ask(service, operation, **arguments, **token)
            found += answer.get(key, [])
            token = {name: answer[name] for name in ("NextToken", "nextToken") if answer.get(name)}
            if not token:
                return found

    def messages_url(self) -> str:
        """Where MessagesApi answers."""
        return self.reached.variable(MESSAGES_VARIABLE) or self.output("MessagesApiUrl")

    def post_without_key(self) -> tuple[int, Any]:
        """Status and body of `POST /v1/messages` without an API key. Raises OSError, HTTPException, ValueError."""
        url, headers = self.messages_url() + "/v1/messages", {"Content-Type": "application/json"}
        request = urllib.request.Request(url, b"{}", headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=2 * ANSWERS_WITHIN) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def client(self, service: str) -> Any:
        """A client of AWS's SDK, made once: making it is neither quick nor safe in two threads at once."""
        with self._guard:
            if service not in self._clients:
                make: Any = self.reached.session.client  # its stubs demand a literal service name
                self._clients[service] = make(service, config=_CONFIG)
            return self._clients[service]

    def _call(self, service: str, operation: str, arguments: Mapping[str, Any]) -> Any:
        client = self.client(service)
        try:
            return getattr(client, operation)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in DENIED:
                raise CannotTell(f"needs the permission {action(client, service, operation)}") from error
            if code in ABSENT or "does not exist" in str(error):
                raise Missing(_message(error)) from error
            if "UnknownOperation" in code or error.response["ResponseMetadata"].get("HTTPStatusCode") in {501, 503}:
                raise CannotTell(f"{service} does not offer {operation} here: {_message(error)}") from error
            raise
        except BotoCoreError as error:
            raise CannotTell(f"no answer from {service}: {error}") from error

    def _describe(self) -> Deployed:
        found = self.ask("cloudformation", "describe_stacks", StackName=self.name)["Stacks"][0]
        return Deployed(
            found["StackId"],
            found["StackStatus"],
            found.get("LastUpdatedTime") or found["CreationTime"],
            {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
            {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        )

    def _list_resources(self) -> Mapping[str, str]:
        rows = self.every("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=self.name)
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows if row.get("PhysicalResourceId")}

    def _once(self, what: str, read: Callable[[], Known]) -> Known:
        with self._guard:
            lock = self._locks.setdefault(what, threading.RLock())
        with lock:
            if what not in self._known:
                self._known[what] = read()
            known: Known = self._known[what]
            return known


def action(client: Any, service: str, operation: str) -> str:
    """The IAM permission behind an operation of the SDK."""
    named = client.meta.method_to_api_mapping[operation]
    return _ACTIONS.get((service, operation), f"{_PREFIXES.get(service, service)}:{named}")


def _message(error: ClientError) -> str:
    return str(error.response["Error"].get("Message") or error)


@contextmanager
def told(asked: str) -> Iterator[None]:
    """Turn a refusal of ControlApi into what it means to a check: CannotTell, Missing."""
    try:
        yield
    except Refused as refused:
        if refused.status == 404:
            raise Missing(f"{asked}: {refused}") from refused
        if refused.status == 403:
            raise CannotTell(f"needs the permission execute-api:Invoke on {asked} ({refused})") from refused
        raise CannotTell(f"{asked}: {refused}") from refused

"""Client of the embedded cloud for tests, the demo and the command line: start, deploy, inspect, stop.

with start(root, state, time_scale=600) as cloud:
    stack = cloud.deploy("tunedrop", parameters={"MaxModelUnits": "1"})
    s3 = cloud.client("s3", stack.person())
"""

from __future__ import annotations

import functools
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from tunedrop_local import deploy as deployment
from tunedrop_local import launcher
from tunedrop_local.identities import Identity, ensure_user
from tunedrop_local.settings import ACCOUNT, REGION, Keys, Settings, keys

ANSWERS_WITHIN = 300.0
"""Seconds. Nothing is lost on the way on one machine, so an answer that is late is still to come."""
HEALTH_WITHIN = 60.0
REGIONS = ("us-west-2", "us-east-1")
"""Where stacks may stand."""
_CONFIG = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, read_timeout=ANSWERS_WITHIN)
_EVERYTHING = (
    "ApproverPolicyArn",
    "DataKeeperPolicyArn",
    "OperatorPolicyArn",
    "ReaderPolicyArn",
    "ResponderPolicyArn",
    "UploaderPolicyArn",  # until there was a data keeper, uploaders reached every dataset
)


class Silent(OSError):
    """The embedded cloud listens, but does not answer, or not completely."""


def start(
    root: Path,
    state: Path,
    *,
    port: int = 0,
    time_scale: float = 1.0,
    region: str = REGION,
    account: str = ACCOUNT,
) -> Cloud:
    """Starts a server on the folder `state`, or joins the one running there. Raises CannotStart.

    Port 0 means the folder's own port or, for a new folder, a free one.
    """
    state = state.resolve()
    if (running := join(root, state)) is not None:
        return running
    state.mkdir(parents=True, exist_ok=True)
    chosen = launcher.port_of(state, port)
    settings = Settings(state, chosen, time_scale, region, account, launcher.cache(root) / "code")
    launcher.launch(root, settings)
    return Cloud(root.resolve(), settings, keys(state))


def join(root: Path, state: Path) -> Cloud | None:
    """Returns the cloud running on this state folder, if any. Raises CannotStart if it does not answer."""
    settings = Settings(state.resolve())
    try:
        running = json.loads(settings.running.read_text())
        port, pid = running["port"], running["pid"]
        about = _ask(f"http://127.0.0.1:{port}/_tunedrop/health", within=HEALTH_WITHIN)
    except Silent as silence:
        if launcher.alive(pid):
            raise launcher.CannotStart(
                f"an embedded cloud is running on {state} but does not answer: {silence}\n"
                f"Try again in a while; if that does not help, `kill {pid}` ends it, and {settings.log} may say why"
            ) from silence
        return None
    except (OSError, ValueError):
        return None
    if about.get("state") != str(settings.state):  # a crash left the file, and another cloud has the port now
        return None
    found = Settings(
        settings.state, port, about["time_scale"], about["region"], about["account"], launcher.cache(root) / "code"
    )
    return Cloud(root.resolve(), found, keys(settings.state))


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running embedded cloud. As a context manager, it stops on exit and keeps its state."""

    root: Path
    settings: Settings
    keys: Keys = field(repr=False)

    @property
    def endpoint(self) -> str:
        """URL of every service."""
        return self.settings.endpoint

    @property
    def administrator(self) -> Identity:
        """The root user: for deploying and for tests, not for people."""
        return Identity("root", self.keys.access_key_id, self.keys.secret_access_key)

    def client(self, service: str, identity: Identity | None = None, *, region: str = "", **options: Any) -> Any:
        """A boto3 client of the embedded cloud; without an identity, the administrator's."""
        who = identity or self.administrator
        config = _CONFIG.merge(options.pop("config", Config()))
        make: Any = _session(who).client  # its stubs demand a literal service name
        return make(service, region or self.settings.region, endpoint_url=self.endpoint, config=config, **options)

    def region_of(self, stack_name: str) -> str:
        """Where a stack of that name stands, if it does in one Region alone; else the default Region."""
        standing = [
            region
            for region in REGIONS
            for stack in self.client("cloudformation", region=region).describe_stacks()["Stacks"]
            if stack["StackName"] == stack_name and stack["StackStatus"] != "DELETE_COMPLETE"
        ]
        return standing[0] if len(standing) == 1 else REGION

    def deploy(
        self,
        stack_name: str = "tunedrop",
        *,
        region: str = "",
        parameters: Mapping[str, str] | None = None,
        template: Path | None = None,
    ) -> Stack:
        """Creates or updates a stack from the project's template. Raises DeploymentFailed or BuildFailed."""
        wanted = deployment.Deployment(
            stack_name,
            region or self.settings.region,
            (template or self.root / "template.yaml").resolve(),
            parameters or {},
            launcher.cache(self.root) / "layers",
        )
        outputs = deployment.deploy(wanted, lambda service, where: self.client(service, region=where))
        return Stack(self, stack_name, wanted.region, outputs)

    def stack(self, stack_name: str = "tunedrop", *, region: str = "") -> Stack:
        """A stack deployed before. Raises botocore's ClientError if there is none."""
        where = region or self.settings.region
        outputs = deployment.outputs(self.client("cloudformation", region=where), stack_name)
        return Stack(self, stack_name, where, outputs)

    def user(self, name: str, policies: Sequence[str] = (), tags: Mapping[str, str] | None = None) -> Identity:
        """An IAM user with exactly these managed policies (ARNs), and these tags."""
        return ensure_user(self.client("iam"), name, policies, tags or {}, self.settings.state / "identities.json")

    def ledger(self) -> list[dict[str, Any]]:
        """What was bought and trained so far, in simulated time. Every test about money is judged by it."""
        return list(self._control("GET", "ledger"))

    def set_lifecycle(
        self, model_id: str, status: str, *, legacy_time: str | None = None, end_of_life: str | None = None
    ) -> None:
        """Sets a base model's status, ACTIVE or LEGACY; times are ISO 8601. After its end of life it is refused."""
        wish = {"model_id": model_id, "status": status, "legacy_time": legacy_time, "end_of_life": end_of_life}
        self._control("PUT", "lifecycle", wish)

    def set_knowledge(
        self, answers: Mapping[str, str], skills: Mapping[str, Mapping[str, float | bool]], **more: float
    ) -> None:
        """Sets the right answers by question and, by model, the share that it knows, until the server ends.

        `skills` are like `{"amazon.nova-lite-v1:0": {"share": 0.8, "chatty": True}}`; `more` are `noise` and `seed`.
        """
        pairs = [{"question": question, "answer": answer} for question, answer in answers.items()]
        self._control("PUT", "knowledge", {"pairs": pairs, "skills": skills, **more})

    def add_fault(self, **wish: str | float | bool) -> None:
        """Adds a fault of Bedrock's calls, events or jobs, as docs/local.md lists them. Raises ValueError."""
        self._control("POST", "faults", wish)

    def clear_faults(self) -> None:
        """Removes the faults that have not happened yet."""
        self._control("DELETE", "faults")

    def record_decisions(self, *, on: bool = True) -> None:
        """Starts a new recording of policy decisions, or stops it."""
        self._control("PUT", "iam-decisions", {"on": on})

    def decisions(self) -> list[dict[str, str]]:
        """The recorded decisions: principal, action, resource, decision."""
        return list(self._control("GET", "iam-decisions"))

    def save(self) -> None:
        """Writes the state now, without waiting for the autosave."""
        self._control("POST", "save")

    def function_log(self, function_name: str) -> str:
        """The log of a function (physical name) so far."""
        path = self.settings.function_logs / f"{function_name}.log"
        return path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """Ends the server, which saves its state first."""
        launcher.end(self.settings, signal.SIGTERM)

    def kill(self) -> None:
        """Kills the server, as a crash would."""
        launcher.end(self.settings, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _control(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.endpoint}/_tunedrop/{what}"
        return _ask(url, method=method, token=self.keys.control_token, body=body)


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack: its outputs as on AWS, and the URLs of its APIs on this machine."""

    cloud: Cloud
    name: str
    region: str
    outputs: Mapping[str, str]

    def client(self, service: str, identity: Identity | None = None, **options: Any) -> Any:
        """A boto3 client in the stack's Region."""
        return self.cloud.client(service, identity, region=self.region, **options)

    def url(self, output: str) -> str:
        """The local URL of an API that an output names."""
        return local_url(self.cloud.endpoint, self.outputs[output])

    def person(
        self, name: str = "demo", outputs: Sequence[str] = _EVERYTHING, tags: Mapping[str, str] | None = None
    ) -> Identity:
        """A user with the managed policies that these outputs name, by default with all that they allow together."""
        elsewhere = "" if self.region == self.cloud.settings.region else f"-{self.region}"
        policies = [self.outputs[each] for each in outputs if each in self.outputs]
        return self.cloud.user(f"{self.name}-{name}{elsewhere}", policies, tags)

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource."""
        found = self.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def delete(self) -> None:
        """Starts the stack's deletion."""
        self.client("cloudformation").delete_stack(StackName=self.name)


@functools.lru_cache(32)
def _session(identity: Identity) -> boto3.Session:
    """One session per identity, because a session caches the service models, which are slow to load."""
    return boto3.Session(identity.access_key_id, identity.secret_access_key, identity.token)


def local_url(endpoint: str, url: str) -> str:
    """The URL at which the embedded cloud serves `https://ID.execute-api.REGION.amazonaws.com/STAGE`."""
    parts = urlsplit(url)
    api_id = (parts.hostname or "").split(".")[0]
    return f"{endpoint}/_aws/execute-api/{api_id}{parts.path}"


def _ask(
    url: str,
    *,
    method: str = "GET",
    token: str = "",
    body: Mapping[str, Any] | None = None,
    within: float = ANSWERS_WITHIN,
) -> Any:
    """Requests JSON from a control path. Raises Silent, ValueError if refused, URLError if nobody listens."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"x-tunedrop-token": token}, method=method)
    try:
        return json.loads(_content(request, within))
    except (OSError, HTTPException) as error:
        if isinstance(getattr(error, "reason", error), ConnectionRefusedError):
            raise
        raise Silent(f"{method} {url} got no complete answer ({error})") from error


def _content(request: urllib.request.Request, within: float) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=within) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            words = error.read().decode(errors="replace")
        raise ValueError(f"{request.get_method()} {request.full_url}: {error.code} {words}") from error

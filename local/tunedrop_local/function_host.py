"""Runs Lambda functions as plain processes under AWS's runtime client, up to a cap at the same time.

A function may answer in one piece or stream; each chunk of a stream goes to the caller's sink as soon as it arrives.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tunedrop_local.processes import Process
from tunedrop_local.runtime_api import Invocation, Result, RuntimeApi, Sink

INIT_SECONDS = 60.0  # Lambda's limit for the init phase is 10, but this machine may be busy
LARGEST_ANSWER = 6_291_556  # bytes; Lambda's limit for an answer in one piece
CONCURRENCY = 8
IDLE_KEPT = 3

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Definition:
    """A function's Lambda configuration, as far as its process can see it; `timeout` in seconds, `memory` in MB."""

    name: str
    arn: str
    handler: str
    python: Path
    task_root: Path
    layers: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3
    memory: int = 128
    region: str = "us-west-2"
    version: str = "$LATEST"

    def command(self) -> list[str]:
        """The command of the runtime, through AWS_LAMBDA_EXEC_WRAPPER if the function sets it, as Lambda does."""
        command = [str(self.python), "-m", "awslambdaric", self.handler]
        wrapper = self.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
        return [self._on_this_machine(wrapper), *command] if wrapper else command

    def _on_this_machine(self, path: str) -> str:
        if path.startswith("/var/task/"):
            return str(self.task_root / path.removeprefix("/var/task/"))
        found = (layer / path.removeprefix("/opt/") for layer in self.layers)
        return next((str(each) for each in found if each.exists()), path)

    def environment(self) -> dict[str, str]:
        """The variables Lambda sets, and none of the host's, so that nobody's own AWS configuration leaks in."""
        search = [self.task_root, *(layer / "python" for layer in self.layers)]
        path = os.pathsep.join([str(self.python.parent), "/usr/local/bin", "/usr/bin", "/bin"])
        return {
            "LANG": "C.UTF-8",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.variables,
            "PATH": path,
            "_HANDLER": self.handler,
            "LAMBDA_TASK_ROOT": str(self.task_root),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[{self.version}]{uuid.uuid4().hex}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "TZ": ":UTC",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(map(str, search)),
        }


class Environment:
    """One execution environment: a process, its Runtime API, and its own temporary folder."""

    def __init__(self, definition: Definition, credentials: Mapping[str, str], log: Log) -> None:
        self.dead = False
        self._definition, self._log = definition, log
        self._lines: list[str] = []
        self._api = RuntimeApi()
        self._folder = tempfile.mkdtemp(prefix="tunedrop-function-")
        own = {"AWS_LAMBDA_RUNTIME_API": self._api.address, "TMPDIR": self._folder}
        self._process = Process(
            definition.command(),
            folder=definition.task_root,
            environment={**definition.environment(), **credentials, **own},
            on_line=self._heard,
            on_exit=self._ended,
        )

    def run(self, invocation: Invocation) -> list[str]:
        """Runs one invocation to its answer, failure or timeout; returns the lines the process has written."""
        self._api.asked_for_work.wait(INIT_SECONDS)
        invocation.deadline = time.time() + self._definition.timeout  # the init phase does not count
        self._api.submit(invocation)
        if self._api.init_error is not None:
            invocation.settle(self._api.init_error, error=True)
            self.stop()
        elif self.dead:
            invocation.fail("Runtime.ExitError", f"RequestId: {invocation.id} Error: Runtime exited")
        elif not invocation.done.wait(self._definition.timeout):
            seconds = f"{self._definition.timeout:.2f} seconds"
            invocation.fail("Sandbox.Timedout", f"{invocation.id} Task timed out after {seconds}")
            self.stop()
        lines, self._lines = self._lines, []  # later lines belong to the next invocation
        return lines

    def stop(self) -> None:
        """Kills the process."""
        self.dead = True
        self._process.kill()

    def _heard(self, line: str) -> None:
        self._lines.append(line)
        self._log(line)

    def _ended(self) -> None:
        self.dead = True
        if current := self._api.current:
            current.fail("Runtime.ExitError", f"RequestId: {current.id} Error: Runtime exited")
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Function:
    """The environments of one function version: idle ones are reused, new ones created up to a cap."""

    def __init__(self, definition: Definition, *, credentials: Callable[[], Mapping[str, str]], log: Log) -> None:
        self.definition, self.cold_starts = definition, 0
        self._credentials, self._log = credentials, log
        self._idle: list[Environment] = []
        self._stopped = False
        self._lock, self._slots = threading.Lock(), threading.Semaphore(CONCURRENCY)

    def invoke(self, payload: bytes, *, request_id: str, sink: Sink | None = None) -> tuple[Result, list[str]]:
        """Runs one event through the function; returns the result and the lines logged meanwhile."""
        with self._slots:
            environment = self._take()
            invocation = Invocation(payload, self.definition.arn, request_id, sink)
            lines = environment.run(invocation)
            self._give_back(environment)
        _limit_size(invocation)
        return invocation.result, lines

    def stop(self) -> None:
        """Ends idle environments now and busy ones after their invocation."""
        with self._lock:
            self._stopped, idle, self._idle = True, self._idle, []
        for environment in idle:
            environment.stop()

    def _take(self) -> Environment:
        with self._lock:
            while self._idle:
                if not (environment := self._idle.pop()).dead:
                    return environment
            self.cold_starts += 1
        return Environment(self.definition, self._credentials(), self._log)

    def _give_back(self, environment: Environment) -> None:
        with self._lock:
            keep = not environment.dead and not self._stopped and len(self._idle) < IDLE_KEPT
            if keep:
                self._idle.append(environment)
        if not keep:
            environment.stop()


def _limit_size(invocation: Invocation) -> None:
    if (size := len(invocation.result.body)) > LARGEST_ANSWER and not invocation.result.streamed:
        words = f"Response payload size ({size} bytes) exceeded maximum allowed payload size"
        invocation.done.clear()
        invocation.fail("Function.ResponseSizeTooLarge", f"{words} ({LARGEST_ANSWER} bytes).")

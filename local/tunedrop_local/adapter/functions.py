"""Seam: replaces MiniStack's function worker with our host, which runs AWS's official runtime client."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from tunedrop_local.activity import Activity
from tunedrop_local.adapter import seams
from tunedrop_local.code_store import CodeStore
from tunedrop_local.function_host import Definition, Function
from tunedrop_local.runtime_api import Result, Sink

#: Takes the chunks of the invocation that runs in this context; set by `streaming`.
response_sink: ContextVar[Sink | None] = ContextVar("response_sink", default=None)


class Functions:
    """MiniStack's functions as processes; a change of configuration or code starts new ones."""

    def __init__(self, *, code: CodeStore, logs: Path, endpoint: str, activity: Activity) -> None:
        self._code, self._logs, self._endpoint, self._activity = code, logs, endpoint, activity
        self._known: dict[tuple[str, str], tuple[str, Function]] = {}
        self._lock, self._log_lock = threading.Lock(), threading.Lock()
        logs.mkdir(parents=True, exist_ok=True)

    def install(self) -> None:
        """Takes over every invocation, whatever its source."""
        arguments = ("func", "event", "request_id")
        seams.replace(lambda_svc, "_execute_function_warm", self.execute, *arguments)
        seams.original(lambda_svc, "_resolve_layer_zip", "attachment")
        seams.original(lambda_runtime, "execution_credentials", "config")

    def execute(self, record: Mapping[str, Any], event: object, request_id: str) -> dict[str, Any]:
        """Replaces lambda_svc._execute_function_warm and answers in its shape."""
        sink = response_sink.get()
        payload = json.dumps(event, ensure_ascii=False).encode()
        result, lines = self._function(record).invoke(payload, request_id=request_id, sink=sink)
        self._activity.touch()
        return {**_answer(result, streaming=sink is not None), "log": "\n".join(lines)}

    def stop(self) -> None:
        """Ends all idle processes; busy ones end with this process."""
        for _, function in self._known.values():
            function.stop()

    def _function(self, record: Mapping[str, Any]) -> Function:
        config = record.get("config") or record
        key = (config["FunctionArn"], config.get("Version", "$LATEST"))
        state = f"{config.get('CodeSha256')} {config.get('RevisionId')}"
        with self._lock:
            if (function := self._current(key, state)) is not None:
                return function
        started = self._start(config, record["code_zip"])  # outside the lock: unpacking must not block other functions
        with self._lock:
            if (function := self._current(key, state)) is not None:
                return function
            if key in self._known:
                self._known[key][1].stop()
            self._known[key] = (state, started)
            return started

    def _current(self, key: tuple[str, str], state: str) -> Function | None:
        known_state, function = self._known.get(key, ("", None))
        return function if known_state == state else None

    def _start(self, config: Mapping[str, Any], archive: bytes) -> Function:
        definition = self._definition(config, archive)
        credentials = functools.partial(lambda_runtime.execution_credentials, config)
        return Function(definition, credentials=credentials, log=self._log_to(definition.name))

    def _definition(self, config: Mapping[str, Any], archive: bytes) -> Definition:
        layers = (lambda_svc._resolve_layer_zip(layer) for layer in config.get("Layers") or ())
        variables = (config.get("Environment") or {}).get("Variables") or {}
        return Definition(
            name=config["FunctionName"],
            arn=config["FunctionArn"],
            handler=config["Handler"],
            python=self._code.python(),
            task_root=self._code.unpack(archive),
            layers=tuple(self._code.unpack(layer) for layer in layers if layer),
            variables={"AWS_ENDPOINT_URL": self._endpoint, **variables},
            timeout=config.get("Timeout", 3),
            memory=config.get("MemorySize", 128),
            region=config["FunctionArn"].split(":")[3],
            version=config.get("Version", "$LATEST"),
        )

    def _log_to(self, name: str) -> Callable[[str], None]:
        path = self._logs / f"{name}.log"

        def write(line: str) -> None:
            with self._log_lock, path.open("a") as file:
                file.write(line + "\n")

        return write


def _answer(result: Result, *, streaming: bool) -> dict[str, Any]:
    if result.streamed and not streaming:  # API Gateway answers 502 to a stream on a buffered route
        words = "a stream where JSON was wanted"
        return {"body": {"errorType": "Runtime.InvalidResponse", "errorMessage": words}, "error": True}
    body = json.loads(result.body) if result.body else None
    return {"body": body} | ({"error": True} if result.error else {})

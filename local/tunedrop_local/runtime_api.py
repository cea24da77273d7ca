"""The Lambda Runtime API of one execution environment: hands out invocations, receives answers and streams.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import base64
import json
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLOSES_WITHIN = 1.0
"""Seconds between looks whether the listener is to close: each environment looks, idle ones too."""

Sink = Callable[[bytes], None]


@dataclass(slots=True)
class Result:
    """An invocation's result: JSON, or streamed bytes if there was no sink. `error` marks an error payload."""

    body: bytes = b""
    error: bool = False
    streamed: bool = False


@dataclass(slots=True)
class Invocation:
    """One event to run through a function; `deadline` is in seconds since the epoch."""

    payload: bytes
    function_arn: str
    id: str
    sink: Sink | None = None
    deadline: float = 0.0
    result: Result = field(default_factory=Result)
    done: threading.Event = field(default_factory=threading.Event)

    def settle(self, body: bytes, *, error: bool = False) -> None:
        """Sets the result. Only the first call counts: a process that dies after its answer changes nothing."""
        if not self.done.is_set():
            self.result.body, self.result.error = body, error
            self.done.set()

    def fail(self, kind: str, message: str) -> None:
        """Settles with an error payload in Lambda's format."""
        self.settle(json.dumps({"errorType": kind, "errorMessage": message}).encode(), error=True)


class RuntimeApi:
    """One listener per environment, because the runtime client has no other way to say which one it is."""

    def __init__(self) -> None:
        self.asked_for_work = threading.Event()
        self.init_error: bytes | None = None
        self.current: Invocation | None = None
        self._inbox: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(CLOSES_WITHIN,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def submit(self, invocation: Invocation) -> None:
        """Queues an invocation for the process."""
        self.current = invocation
        self._inbox.put(invocation)

    def next(self) -> Invocation | None:
        """Waits for the process's next invocation; None tells it to end."""
        self.asked_for_work.set()
        return self._inbox.get()

    def failed_to_start(self, body: bytes) -> None:
        """Records that the process could not import its handler; `body` is its error payload."""
        self.init_error = body
        self.asked_for_work.set()

    def close(self) -> None:
        """Stops listening."""
        self.asked_for_work.set()
        self._inbox.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    # Buffered writes and no Nagle: without either, two delayed ACKs cost 80 ms per invocation.
    disable_nagle_algorithm = True
    api: RuntimeApi

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        if not self.path.endswith("/invocation/next"):
            return self._answer(404, b"{}")
        invocation = self.api.next()
        if invocation is None:
            self.close_connection = True
            return None
        return self._answer(200, invocation.payload, _invocation_headers(invocation))

    def do_POST(self) -> None:
        invocation = self.api.current
        if self.path.endswith("/runtime/init/error"):
            self.api.failed_to_start(b"".join(self._body()))
        elif invocation is None:
            return self._answer(400, b"{}")
        elif self.headers.get("Lambda-Runtime-Function-Response-Mode") == "streaming":
            self._receive_stream(invocation)
        else:
            body = b"".join(self._body())
            self._answer(202, b"{}")
            return invocation.settle(body, error=self.path.endswith("/error"))
        return self._answer(202, b"{}")

    def _receive_stream(self, invocation: Invocation) -> None:
        kept: list[bytes] = []
        invocation.result.streamed = True
        deliver = invocation.sink or kept.append
        for chunk in self._body():
            deliver(chunk)
        failure = self._trailers.get("lambda-runtime-function-error-body")
        body = base64.b64decode(failure) if failure else b"".join(kept)
        invocation.settle(body, error=bool(failure))

    def _body(self) -> Iterator[bytes]:
        self._trailers: dict[str, str] = {}
        if not self.headers.get("Transfer-Encoding"):
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            self._trailers[name.lower()] = value.strip()

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):  # the process died in the middle of a request
            self.close_connection = True


def _handler(runtime_api: RuntimeApi) -> type[_Handler]:
    return type("RuntimeApiHandler", (_Handler,), {"api": runtime_api})


def _invocation_headers(invocation: Invocation) -> dict[str, str]:
    trace = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0"
    return {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.id,
        "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": trace,
    }

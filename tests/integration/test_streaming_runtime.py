"""The runtime that streams, as a real process behind its real bootstrap, against a Runtime API on loopback."""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tunedrop
from tunedrop.edges import clock_and_ids

from tests.waiting import PATIENCE

FUNCTIONS = Path(tunedrop.__file__).parents[1]
IMPORTS = "import time\nfrom pathlib import Path\nfrom tunedrop.edges.streamed_response import StreamedResponse\n"


@dataclass(slots=True)
class Posted:
    """What the function's process posted: each chunk of the body, and the trailers."""

    path: str
    headers: dict[str, str]
    body: list[bytes] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)


class RuntimeApi(ThreadingHTTPServer):
    """Hands out events as they are put in, and keeps what comes back."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.events: queue.Queue[dict[str, str] | None] = queue.Queue()
        self.posted: queue.Queue[Posted] = queue.Queue()
        self.status = 202
        self.arrived: Path | None = None
        """A folder to which each streamed chunk that arrives adds a file of its number."""


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def log_message(self, *_): ...

    def do_GET(self):
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        body = json.dumps(event).encode()
        self._answer(
            200,
            body,
            {
                "Lambda-Runtime-Aws-Request-Id": "req-1",
                "Lambda-Runtime-Deadline-Ms": str(int((clock_and_ids.now().timestamp() + 30) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-west-2:123456789012:function:f",
                "Content-Type": "application/json",
            },
        )

    def do_POST(self):
        posted = Posted(self.path, {name.lower(): value for name, value in self.headers.items()})
        if "transfer-encoding" in posted.headers:
            self._chunked(posted)
        else:
            posted.body.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(self.server.status, b"{}", {})
        self.server.posted.put(posted)

    def _chunked(self, posted):
        while size := int(self.rfile.readline(), 16):
            posted.body.append(self.rfile.read(size))
            assert self.rfile.readline() == b"\r\n"
            if self.server.arrived:
                (self.server.arrived / str(len(posted.body))).touch()
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(": ")
            posted.trailers[name] = value

    def _answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


@pytest.fixture
def runtime_api():
    with RuntimeApi() as api:
        thread = threading.Thread(target=api.serve_forever, args=(0.02,))
        thread.start()
        yield api
        api.events.put(None)
        api.shutdown()
        thread.join()


@pytest.fixture
def function(runtime_api, tmp_path):
    """Starts a function whose module has this source, the way Lambda's managed runtime would."""
    started = []

    def start(source):
        (tmp_path / "app.py").write_text(IMPORTS + source)
        (tmp_path / "tunedrop").symlink_to(FUNCTIONS / "tunedrop")
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_api.server_address[1]}",
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "_HANDLER": "app.handler",
            "PATH": os.defpath,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        }
        command = [str(FUNCTIONS / "streaming_bootstrap"), sys.executable, "/var/runtime/bootstrap.py"]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def invoke(runtime_api: RuntimeApi, event: dict[str, str] | None = None) -> Posted:
    runtime_api.events.put(event or {})
    return runtime_api.posted.get(timeout=PATIENCE)


def test_the_bootstrap_may_be_executed():
    assert (FUNCTIONS / "streaming_bootstrap").stat().st_mode & 0o777 == 0o755


def test_each_piece_is_on_the_wire_before_the_next_one_exists(runtime_api, function, tmp_path):
    runtime_api.arrived = tmp_path / "arrived"
    runtime_api.arrived.mkdir()
    function(
        "def body():\n"
        "    for n in range(3):\n"
        "        yield b'%d' % n\n"
        "        while not Path(__file__).with_name('arrived').joinpath(str(n + 2)).exists():\n"  # 1 is the prelude
        "            time.sleep(0.01)\n"
        "def handler(event, context):\n"
        "    return StreamedResponse(body(), 201, {'request-id': context.aws_request_id})\n"
    )
    posted = invoke(runtime_api)
    assert posted.path == "/2018-06-01/runtime/invocation/req-1/response"
    assert posted.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert posted.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert posted.body == [
        b'{"statusCode": 201, "headers": {"request-id": "req-1"}}' + b"\0" * 8,
        b"0",
        b"1",
        b"2",
    ]
    assert posted.trailers == {}


def test_an_empty_piece_does_not_end_the_answer(runtime_api, function):
    function("def handler(event, context):\n    return StreamedResponse([b'a', b'', b'b'])\n")
    assert invoke(runtime_api).body[1:] == [b"a", b"b"]


def test_the_same_function_answers_in_one_piece_when_it_returns_no_stream(runtime_api, function):
    function("def handler(event, context):\n    return {'statusCode': 200, 'body': 'Grüße'}\n")
    posted = invoke(runtime_api)
    assert json.loads(posted.body[0]) == {"statusCode": 200, "body": "Grüße"}
    assert "lambda-runtime-function-response-mode" not in posted.headers


def test_a_body_that_fails_is_told_in_the_trailers_is_closed_and_the_process_serves_on(runtime_api, function):
    process = function(
        "closed = []\n"
        "class Body:\n"
        "    def __iter__(self):\n"
        "        yield b'x'\n"
        "        raise ConnectionResetError('gone')\n"
        "    def close(self):\n"
        "        closed.append(1)\n"
        "def handler(event, context):\n"
        "    return {'closed': len(closed)} if event else StreamedResponse(Body())\n"
    )
    posted = invoke(runtime_api)
    assert posted.body[1:] == [b"x"]
    assert posted.trailers["Lambda-Runtime-Function-Error-Type"] == "ConnectionResetError"
    told = json.loads(base64.b64decode(posted.trailers["Lambda-Runtime-Function-Error-Body"]))
    assert (told["errorType"], told["errorMessage"]) == ("ConnectionResetError", "The answer broke off.")
    assert json.loads(invoke(runtime_api, {"how": "many"}).body[0]) == {"closed": 1}
    assert process.poll() is None


def test_a_handler_that_raises_is_reported_as_awslambdaric_does(runtime_api, function):
    function("def handler(event, context):\n    raise ValueError('no')\n")
    posted = invoke(runtime_api)
    assert posted.path.endswith("/invocation/req-1/error")
    assert json.loads(posted.body[0])["errorType"] == "ValueError"


def test_a_runtime_api_that_refuses_the_answer_ends_the_process(runtime_api, function):
    runtime_api.status = 500
    process = function("def handler(event, context):\n    return StreamedResponse([b'a'])\n")
    invoke(runtime_api)
    assert process.wait(timeout=PATIENCE) != 0

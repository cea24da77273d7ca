"""The smallest runtime that streams: three chunks, and what the request asks for at the end."""

from __future__ import annotations

import base64
import json
import os
import time
from http.client import HTTPConnection
from pathlib import Path

ADDRESS = os.environ["AWS_LAMBDA_RUNTIME_API"]
INVOCATIONS = "/2018-06-01/runtime/invocation"
PRELUDE = b'{"statusCode": 201, "headers": {"content-type": "text/event-stream"}}' + b"\0" * 8


def answer(request_id, wish):
    """One streamed answer: `all`, `break`, or `after FILE`, which waits for the file once the first line is sent."""
    connection = HTTPConnection(ADDRESS)
    connection.putrequest("POST", f"{INVOCATIONS}/{request_id}/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for piece in (PRELUDE, b"one\n", b"two\n", b"three\n"):
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        while piece == b"one\n" and wish.startswith("after ") and not Path(wish.removeprefix("after ")).exists():
            time.sleep(0.02)
    if wish == "break":
        error = base64.b64encode(json.dumps({"errorType": "Broken", "errorMessage": "midway"}).encode()).decode()
        connection.send(f"0\r\nLambda-Runtime-Function-Error-Body: {error}\r\n\r\n".encode())
    else:
        connection.send(b"0\r\n\r\n")
    connection.getresponse().read()
    connection.close()


polling = HTTPConnection(ADDRESS)
while True:
    polling.request("GET", f"{INVOCATIONS}/next")
    invocation = polling.getresponse()
    event = json.loads(invocation.read())
    answer(invocation.headers["Lambda-Runtime-Aws-Request-Id"], event.get("body") or event.get("wish"))

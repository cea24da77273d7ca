"""API Gateway on a port of this machine: a request becomes the proxy event of a signed call to ControlApi's handler."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import control_api

from tests import builders

CONTEXT: Any = builders.LambdaContext()
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")


@contextmanager
def listening(changed: Callable[[], None]) -> Iterator[str]:
    """The address of a gateway; `changed` is called after each request that carried something out."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            event = proxy_event(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
            status, headers, body = _answer(event)
            if self.command != "GET" and status < 300:
                changed()
            self.send_response(status)
            for name, value in [*headers, ("Content-Length", str(len(body)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    for method in METHODS:
        setattr(Door, f"do_{method}", Door.answer)
    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def proxy_event(method: str, target: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """A request as a REST API hands it over: the path as it was sent, the query decoded, the body as text."""
    path, _, query = target.partition("?")
    values = parse_qs(query, keep_blank_values=True, encoding="utf-8", errors="replace")
    return builders.api_request(method, path) | {
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: texts[-1] for name, texts in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "body": body.decode("utf-8", "replace") or None,
    }


def _answer(event: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """What API Gateway makes of the function's answer: 502 if it raises, or returns what is no answer."""
    try:
        answer = json.loads(json.dumps(control_api.handler(event, CONTEXT), allow_nan=False))
        several = {name: [value] for name, value in (answer.get("headers") or {}).items()}
        several |= answer.get("multiValueHeaders") or {}
        headers = [(name, value) for name, values in several.items() for value in values]
        return int(answer["statusCode"]), headers, answer["body"].encode()
    except Exception:  # noqa: BLE001 - whatever it is, API Gateway answers 502
        return 502, [("Content-Type", "application/json")], json.dumps({"message": traceback.format_exc()}).encode()

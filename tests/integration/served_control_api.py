"""ControlApi over real HTTP on loopback, as the command line asks it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tunedrop.edges.cloud import Cloud

from tests.integration.caller import call

OBJECTS = "/objects"
S3 = re.compile(r"https://[^/\"]*\bs3\b[^/\"]*amazonaws\.com(?=/)")


@dataclass(slots=True)
class Served:
    """Where it listens, and what it was asked so far as `METHOD path`; `before` runs ahead of each answer.

    With `object_at` and `store`, which read and write an object by its path, links to S3 lead here, too: moto answers
    botocore alone.
    `cloud`: instead of the handler's own.
    """

    before: Callable[[], None]
    object_at: Callable[[str], bytes] | None = None
    cloud: Cloud | None = None
    store: Callable[[str, bytes], object] | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str, body: Any, key: str | None) -> tuple[int, Any]:
        """One request's status and JSON."""
        self.before()
        self.asked.append(f"{method} {target}")
        split = urlsplit(target)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        status, answer = call(method, split.path, body, key=key, query=query, cloud=self.cloud)
        if self.object_at is not None:
            answer = json.loads(S3.sub(f"{self.url}{OBJECTS}", json.dumps(answer)))
        return status, answer


@contextmanager
def served(
    before: Callable[[], None],
    object_at: Callable[[str], bytes] | None = None,
    cloud: Cloud | None = None,
    store: Callable[[str, bytes], object] | None = None,
) -> Iterator[Served]:
    """Serve until the block ends."""
    made = Served(before, object_at, cloud, store)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(size)
            if self.path.startswith(OBJECTS) and made.object_at is not None:
                self._send(200, self._object(sent))
                return
            body = json.loads(sent) if size else None
            assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256")
            status, answer = made.answer(self.command, self.path, body, self.headers.get("Idempotency-Key"))
            self._send(status, json.dumps(answer).encode())

        def _object(self, sent: bytes) -> bytes:
            path = unquote(urlsplit(self.path).path.removeprefix(f"{OBJECTS}/"))
            if self.command == "PUT" and made.store is not None:
                made.store(path, sent)
                return b""
            assert made.object_at is not None
            return made.object_at(path)

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()

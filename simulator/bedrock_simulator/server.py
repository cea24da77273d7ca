"""Serve a simulator over plain HTTP, for programs in other processes and languages. Signatures are not verified."""

import json
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bedrock_simulator import knowledge
from bedrock_simulator.exchange import Door, Request, Response
from bedrock_simulator.fault_wishes import FaultWishes
from bedrock_simulator.in_process import DEFAULT_ACCOUNT, region_of
from bedrock_simulator.simulator import Simulator

DEFAULT_REGION = "us-west-2"
CONTROL_PATH = "/_simulator/"
Controls = Mapping[str, Callable[[Any], None]]


def serve(
    door: Door, port: int, account: str = DEFAULT_ACCOUNT, controls: Controls = MappingProxyType({})
) -> ThreadingHTTPServer:
    """Open a server on 127.0.0.1, ready for `serve_forever`; port 0 means any free port.

    `controls` are asked by method and name under /_simulator/, such as "POST faults", with the body's JSON.
    """

    class Handler(_Handler):
        pass

    Handler.door, Handler.account, Handler.controls = door, account, controls
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def controls(simulator: Simulator, wishes: FaultWishes) -> Controls:
    """What can be asked of a simulator beside AWS's operations: faults, and what the world knows."""
    return {
        "POST faults": wishes.add,
        "DELETE faults": lambda _: wishes.clear(),
        "PUT knowledge": lambda document: simulator.teach(knowledge.read(document)),
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    door: Door
    account: str
    controls: Controls

    def _answer(self) -> None:
        request = self._request()
        if self.controls and request.path.startswith(CONTROL_PATH):
            return self._send(_changed(self.controls, request))
        response = self.door.handle(request)
        if response.lost:
            self.close_connection = True
            return None
        time.sleep(response.delay_seconds)
        return self._send(response)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing, because requests contain prompts."""

    def _request(self) -> Request:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        return Request(
            service=service_of(url.path, headers.get("x-amz-target", "")),
            method=self.command,
            path=url.path,
            query=parse_qs(url.query, keep_blank_values=True),
            headers=headers,
            body=self.rfile.read(length),
            account=self.account,
            region=region_of(headers.get("authorization", ""), "") or DEFAULT_REGION,
        )

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if isinstance(response.body, bytes):
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in response.body:
            time.sleep(chunk.delay_seconds)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk.data), chunk.data))
        self.wfile.write(b"0\r\n\r\n")


def _changed(controls: Controls, request: Request) -> Response:
    name = request.path.removeprefix(CONTROL_PATH)
    control = controls.get(f"{request.method} {name}")
    if control is None:
        allowed = [each.partition(" ")[0] for each in controls if each.endswith(f" {name}")]
        return Response(405, {"allow": ", ".join(allowed)}, b"") if allowed else Response(404, {}, b"")
    try:
        control(json.loads(request.body or b"null"))
    except (ValueError, TypeError) as error:
        return Response(400, {"content-type": "text/plain"}, f"{error}\n".encode())
    return Response(204, {}, b"")


def service_of(path: str, target: str) -> str:
    """The service of a request. Both Bedrock services sign as "bedrock", so the path distinguishes them."""
    if target:
        return "servicequotas"
    return "bedrock-runtime" if path.startswith("/model/") else "bedrock"

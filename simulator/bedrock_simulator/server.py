"""Serve a simulator over plain HTTP, for programs in other processes and languages. Signatures are not verified."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from bedrock_simulator.exchange import Door, Request, Response
from bedrock_simulator.fault_wishes import FaultWishes
from bedrock_simulator.in_process import DEFAULT_ACCOUNT, region_of

DEFAULT_REGION = "us-west-2"
FAULTS_PATH = "/_simulator/faults"


def serve(
    door: Door, port: int, account: str = DEFAULT_ACCOUNT, wishes: FaultWishes | None = None
) -> ThreadingHTTPServer:
    """Open a server on 127.0.0.1, ready for `serve_forever`; port 0 means any free port.

    With `wishes`, POST /_simulator/faults adds a fault and DELETE removes all of them.
    """

    class Handler(_Handler):
        pass

    Handler.door, Handler.account, Handler.wishes = door, account, wishes
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    door: Door
    account: str
    wishes: FaultWishes | None

    def _answer(self) -> None:
        request = self._request()
        if self.wishes and request.path == FAULTS_PATH:
            return self._send(_changed(self.wishes, request))
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


def _changed(wishes: FaultWishes, request: Request) -> Response:
    try:
        if request.method == "POST":
            wishes.add(json.loads(request.body))
        elif request.method == "DELETE":
            wishes.clear()
        else:
            return Response(405, {"allow": "POST, DELETE"}, b"")
    except (ValueError, TypeError) as error:
        return Response(400, {"content-type": "text/plain"}, f"{error}\n".encode())
    return Response(204, {}, b"")


def service_of(path: str, target: str) -> str:
    """The service of a request. Both Bedrock services sign as "bedrock", so the path distinguishes them."""
    if target:
        return "servicequotas"
    return "bedrock-runtime" if path.startswith("/model/") else "bedrock"

"""Serve a simulator over plain HTTP, for programs in other processes and languages. Signatures are not verified."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from bedrock_simulator.exchange import Door, Request, Response
from bedrock_simulator.in_process import DEFAULT_ACCOUNT, region_of

DEFAULT_REGION = "us-west-2"


def serve(door: Door, port: int, account: str = DEFAULT_ACCOUNT) -> ThreadingHTTPServer:
    """Open a server on 127.0.0.1, ready for `serve_forever`; port 0 means any free port."""

    class Handler(_Handler):
        pass

    Handler.door, Handler.account = door, account
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    door: Door
    account: str

    def _answer(self) -> None:
        response = self.door.handle(self._request())
        if response.lost:
            self.close_connection = True
            return
        self._send(response)

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


def service_of(path: str, target: str) -> str:
    """The service of a request. Both Bedrock services sign as "bedrock", so the path distinguishes them."""
    if target:
        return "servicequotas"
    return "bedrock-runtime" if path.startswith("/model/") else "bedrock"

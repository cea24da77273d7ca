"""A server on loopback that treats those who ask it as a busy machine or a bad network would."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage, parse_headers
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

TROUBLES = ("silent", "closes", "resets", "halves", "stalls", "babbles")
"""Never answers; closes; resets; leaves in the middle; stops in the middle; speaks no HTTP."""


@dataclass(slots=True)
class Troubled:
    """What it was asked so far, each as method, path and headers, and where it is asked."""

    url: str
    asked: list[tuple[str, str, HTTPMessage]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, manners: tuple[str | tuple[int, Any], ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manners, self.over = manners, threading.Event()
        self.troubled = Troubled(f"http://127.0.0.1:{self.server_address[1]}")


class _Handler(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        asked = self.server.troubled.asked
        method, path, _ = self.rfile.readline().decode().split()
        headers = parse_headers(self.rfile)
        self.server.troubled.bodies.append(self.rfile.read(int(headers.get("Content-Length", 0))))
        asked.append((method, path, headers))
        manner = self.server.manners[min(len(asked), len(self.server.manners)) - 1]
        if isinstance(manner, str):
            self._trouble(manner)
        else:
            self._answer(*manner)

    def _answer(self, status: int, body: Any, length: int = 0) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {length or len(content)}\r\n\r\n"
        self.wfile.write(head.encode() + content)

    def _trouble(self, manner: str) -> None:
        match manner:
            case "resets":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case "halves":
                self._answer(200, b"{", 1000)
            case "stalls":
                self._answer(200, b"{", 1000)
                self.server.over.wait()
            case "babbles":
                self.wfile.write(b"220 mail.example ready\r\n")
            case "silent":
                self.server.over.wait()


@contextmanager
def troubled_server(*manners: str | tuple[int, Any]) -> Iterator[Troubled]:
    """Treats each request in its own manner, a trouble or (status, body); all further ones in the last."""
    with _Server(manners) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.troubled
        server.over.set()
        server.shutdown()

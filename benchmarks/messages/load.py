"""Clients of the benchmark: each calls again as soon as it was answered, on a connection of its own."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field

WARMING = 64
"""Calls before any measurement, all at once, so that each process of a server takes some."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and how it is asked."""

    port: int
    path: str
    secret: str
    model: str

    def request(self, stream: bool) -> bytes:
        """One whole HTTP request."""
        messages = [{"role": "user", "content": "How do I return a lamp?"}]
        body = json.dumps({"model": self.model, "max_tokens": 100, "stream": stream, "messages": messages})
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"X-Api-Key: {self.secret}\r\nAnthropic-Version: 2023-06-01\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


@dataclass(slots=True)
class Measured:
    """Seconds of each call, to its first byte of body and to its end, and of the whole."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.whole) / self.seconds


def measure(target: Target, *, stream: bool, clients: int, seconds: float) -> Measured:
    """Call for so long, once every process is warm. Raises RuntimeError on any answer but 200."""
    return asyncio.run(_measure(target.port, target.request(stream), clients, seconds))


async def _measure(port: int, request: bytes, clients: int, seconds: float) -> Measured:
    await asyncio.gather(*(_call(port, request) for _ in range(WARMING)))
    found = Measured()
    began = time.perf_counter()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            first, whole = await _call(port, request)
            found.first.append(first)
            found.whole.append(whole)

    await asyncio.gather(*(client() for _ in range(clients)))
    found.seconds = time.perf_counter() - began
    return found


async def _call(port: int, request: bytes) -> tuple[float, float]:
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.read(1)
    first = time.perf_counter() - began
    body += await reader.read()
    whole = time.perf_counter() - began
    writer.close()
    if not head.startswith(b"HTTP/1.1 200 ") or not body:
        raise RuntimeError(f"answered {head!r} {body[:500]!r}")
    return first, whole

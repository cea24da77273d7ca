"""AWS in the benchmark: a server that answers each request at once with what was recorded."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.messages.answers import STREAM, TARGET, WHOLE, Recorded, asked, kept


@dataclass(frozen=True, slots=True)
class Backend:
    """DynamoDB and Bedrock at one address."""

    recorded: Recorded

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer whatever comes on one connection."""
        try:
            while True:
                path, headers, body = await _request(reader)
                kind, answer = self._answer(path, headers, body)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(head.encode() + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, bytes]:
        if target := headers.get(TARGET.lower()):
            return "application/x-amz-json-1.0", self.recorded.tables.get(asked(target, body), "{}").encode()
        if path.endswith("/converse-stream"):
            return "application/vnd.amazon.eventstream", STREAM
        return "application/json", json.dumps(WHOLE).encode()


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    if headers.get("expect"):
        raise ConnectionError("no client of this benchmark expects to be told to go on")
    return head[0].split()[1], headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def main(port: int, recorded: Recorded) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(Backend(recorded).serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), kept(Path(sys.argv[2]))))

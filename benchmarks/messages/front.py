"""Ours in the benchmark: processes that take one call each at a time, as functions do, behind a thin HTTP front.

`floor` instead of `ours` makes the same calls to AWS with nothing around them.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from tunedrop.edges.streamed_response import StreamedResponse

from benchmarks.messages.answers import ARN
from tests import builders

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import MessageTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient

PROCESSES = 8
Answer = tuple[int, dict[str, str], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Ours:
    """The function's handler."""

    def answer(self, path: str, headers: dict[str, str], body: str) -> Answer:
        """As API Gateway would have it."""
        event = builders.event("messages_api_request") | {"path": path, "headers": headers, "body": body}
        response = importlib.import_module("messages_api").handler(event, builders.LambdaContext())
        assert isinstance(response, StreamedResponse)
        return response.status, dict(response.headers), response.body


@dataclass(frozen=True, slots=True)
class Floor:
    """As many calls of botocore's as ours makes, and nothing else."""

    tables: DynamoDBClient = field(default_factory=lambda: boto3.client("dynamodb"))  # noqa: TID251 - compared with ours
    models: BedrockRuntimeClient = field(default_factory=lambda: boto3.client("bedrock-runtime"))  # noqa: TID251

    def answer(self, _: str, __: dict[str, str], body: str) -> Answer:
        """One update, one read and one call of a model."""
        self.tables.update_item(TableName="floor", Key={"pk": {"S": "key"}}, UpdateExpression="floor")
        self.tables.get_item(TableName="floor", Key={"pk": {"S": "deployment"}})
        messages: list[MessageTypeDef] = [{"role": "user", "content": [{"text": "How do I return a lamp?"}]}]
        if json.loads(body)["stream"]:
            for _event in self.models.converse_stream(modelId=ARN, messages=messages)["stream"]:
                pass
        else:
            self.models.converse(modelId=ARN, messages=messages)
        return 200, {"content-type": "application/json"}, [b"{}"]


def serve(listener: socket.socket, answer: Callable[[str, dict[str, str], str], Answer]) -> None:
    """Answer one connection after another."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as reader:
            if not (line := reader.readline()):
                continue  # somebody looked whether we listen
            path = line.decode().split()[1]
            headers = dict(_headers(reader))
            status, told, body = answer(path, headers, reader.read(int(headers["content-length"])).decode())
            head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            connection.sendall(f"HTTP/1.1 {status} OK\r\n{head}connection: close\r\n\r\n".encode())
            for piece in body:
                connection.sendall(piece)


def _headers(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    for line in lines:
        if line == b"\r\n":
            return
        name, _, value = line.decode().strip().partition(": ")
        yield name.lower(), value


def main(port: int, what: str) -> None:
    """Serve with all processes until this one is ended."""
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    made = {"ours": Ours, "floor": Floor}[what]()
    for _ in range(PROCESSES - 1):
        if not os.fork():
            break
    serve(listener, made.answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

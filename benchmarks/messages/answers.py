"""What AWS answers in the benchmark: DynamoDB as it did one real call, Bedrock with one made answer."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bedrock_simulator.event_stream import event
from botocore.awsrequest import AWSResponse
from tunedrop.edges import clients

from tests.conftest import scrub
from tests.faults.injector import INJECTOR, Attempt
from tests.integration import messages_world
from tests.integration.conftest import deployed, in_moto

WORDS = 47
"""Pieces of the streamed answer."""
TARGET = "X-Amz-Target"
ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefghijkl"
USAGE = {"inputTokens": 14, "outputTokens": WORDS, "totalTokens": 14 + WORDS}
TEXT = " word" * WORDS


@dataclass(frozen=True, slots=True)
class Recorded:
    """One deployment, a key for it, and the answers that a call of it gets of DynamoDB."""

    environment: dict[str, str]
    secret: str
    tables: dict[str, str] = field(default_factory=dict)
    """By what is asked, as `asked` has it, the body of the answer."""


def asked(target: str, body: bytes) -> str:
    """What a request to DynamoDB asks for, whatever the time and the key are."""
    content = json.loads(body)
    return " ".join((target, content.get("TableName", ""), content.get("UpdateExpression", "")))


def record() -> Recorded:
    """Make a stack in this process, call it once, streamed and whole, and keep what its tables answered."""
    with pytest.MonkeyPatch.context() as environment, in_moto():
        scrub(environment)
        stack = deployed(environment)
        mine = ("TUNEDROP_", "POWERTOOLS_")
        variables = {name: value for name, value in os.environ.items() if name.startswith(mine)}  # noqa: TID251 - for functions
        messages_world.put_deployment(stack, ARN, base_model="llama-3-1-8b")
        caller = messages_world.make_caller(stack)
        found: dict[str, str] = {}
        requests: list[str] = []
        for client in (clients.dynamodb(), clients.dynamodb_aside()):
            client.meta.events.register_first("before-send.dynamodb", lambda request, **_: _note(requests, request))
            client.meta.events.register(
                "response-received.dynamodb",
                lambda response_dict, **_: found.__setitem__(requests[-1], response_dict["body"].decode()),
            )
        INJECTOR.servers["bedrock-runtime"] = _bedrock
        for stream in (True, False):
            answer = caller.call({**messages_world.ASK, "stream": stream})
            assert answer.status == 200, b"".join(answer.body)
            b"".join(answer.body)
        return Recorded({**variables, "AWS_REGION": "us-west-2"}, str(caller.secret), found)


def _bedrock(attempt: Attempt) -> AWSResponse:
    streams = attempt.operation.endswith("Stream")
    answer = STREAM if streams else json.dumps(WHOLE).encode()
    return messages_world.ScriptedBedrock([answer]).answer(attempt.request)


def _note(requests: list[str], request: Any) -> None:
    requests.append(asked(request.headers[TARGET].decode(), request.body))


def kept(path: Path) -> Recorded:
    """What was written to that file."""
    return msgspec.json.decode(path.read_bytes(), type=Recorded)


def _stream() -> bytes:
    pieces = [event("messageStart", {"role": "assistant"})]
    pieces += [event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": " word"}})] * WORDS
    pieces += [event("contentBlockStop", {"contentBlockIndex": 0}), event("messageStop", {"stopReason": "end_turn"})]
    return b"".join([*pieces, event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})])


STREAM = _stream()
"""Of ConverseStream."""
WHOLE: Mapping[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
    "stopReason": "end_turn",
    "usage": USAGE,
    "metrics": {"latencyMs": 1},
}
"""Of Converse."""

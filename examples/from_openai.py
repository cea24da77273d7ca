"""Fetch from OpenAI what a move to Bedrock needs, while it is there: a file of training data, the old model's answers.

    python3 examples/from_openai.py file FILE_ID > train.jsonl
    python3 examples/from_openai.py answers MODEL test.jsonl > old-model.jsonl

docs/from-openai.md has the other steps. OPENAI_API_KEY is used, and OPENAI_BASE_URL if it is set.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tunedrop.domain.texts import tool_blocks
from tunedrop.domain.texts.tool_blocks import ToolCall

PATIENCE = 300
"""Seconds to wait for one answer."""


def fetch(path: str, body: dict[str, Any] | None = None) -> bytes:
    """What OpenAI's API answers; a body is posted. Raises urllib's errors."""
    given = os.environ  # noqa: TID251 - a script of its own
    address = given.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + path
    headers = {"Authorization": f"Bearer {given['OPENAI_API_KEY']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, headers)  # noqa: S310 - the address is the person's own
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310
        return bytes(response.read())


def answers(model: str, lines: Iterable[str]) -> Iterator[str]:
    """A line for each record, with what the model says in place of its last message: calls as they are trained."""
    for number, line in enumerate(lines, 1):
        said = json.loads(fetch("/chat/completions", question(model, json.loads(line))))["choices"][0]["message"]
        calls = [called(call["function"]) for call in said.get("tool_calls") or []]
        text = [said["content"]] if said.get("content") else []
        yield json.dumps({"record": number, "answer": tool_blocks.render([*text, *calls])})


def called(function: dict[str, Any]) -> ToolCall | str:
    """A call; as text where its arguments are no object of JSON, which a model may write: no later answer is lost."""
    name, written = function["name"], function["arguments"]
    try:
        arguments = json.loads(written)
    except ValueError:
        arguments = None
    return ToolCall(name, arguments) if isinstance(arguments, dict) else f"{name} {written}"


def question(model: str, record: dict[str, Any]) -> dict[str, Any]:
    """The request with all messages but the last, without weights, which only training knows."""
    messages = [{name: message[name] for name in message if name != "weight"} for message in record["messages"][:-1]]
    tools = {"tools": record["tools"]} if record.get("tools") else {}
    return {"model": model, "messages": messages, "temperature": 0, **tools}


def main() -> None:
    """Write what was asked for to standard output."""
    match sys.argv[1:]:
        case ["file", file]:
            sys.stdout.buffer.write(fetch(f"/files/{file}/content"))
        case ["answers", model, test]:
            for line in answers(model, Path(test).read_text("utf-8").splitlines()):
                sys.stdout.write(f"{line}\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()

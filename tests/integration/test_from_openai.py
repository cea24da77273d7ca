"""docs/from-openai.md, command by command: from OpenAI's files to a deployment that is compared with the old model."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from contextlib import redirect_stdout
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dataset_uploaded
import pytest
from tunedrop.domain.texts.tool_blocks import ToolCall
from tunedrop_cli import main, pauses

from examples import from_openai
from tests.integration import bedrock_world
from tests.integration.bedrock_world import World
from tests.integration.served_control_api import served
from tests.integration.test_push import Deliveries
from tests.unit.checks.splits import run as examine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "from-openai.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "tool-calls"
FILES = {"file-train": EXAMPLE / "train.jsonl", "file-held-out": EXAMPLE / "validation.jsonl"}
OLD_MODEL = "ft:gpt-4.1-mini-2025-04-14:larkspur::old"
KNOWS = 4
"""The old model is right about every fourth question, and about no other."""
STEP = 1800
"""Seconds that pass between two looks."""


class OpenAI(BaseHTTPRequestHandler):
    """What the page needs of OpenAI's API: two files, and a tuned model that was trained on tools."""

    records = tuple(map(json.loads, FILES["file-held-out"].read_text("utf-8").splitlines()))

    def do_GET(self) -> None:
        self._answer(FILES[self.path.removeprefix("/files/").removesuffix("/content")].read_bytes())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = [each["messages"][:-1] for each in self.records].index(asked["messages"])
        record = self.records[number]
        known = (asked["model"], asked["tools"], self.headers["Authorization"])
        assert known == (OLD_MODEL, record["tools"], "Bearer the-key")
        said = record["messages"][-1] if number % KNOWS == 0 else {"content": "I am not sure."}
        self._answer(json.dumps({"choices": [{"message": {"content": None, "role": "assistant", **said}}]}).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def openai(environment):
    """The files and the old model, where the page's variables lead."""
    server = HTTPServer(("127.0.0.1", 0), OpenAI)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    variables = {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_port}",
        "OPENAI_API_KEY": "the-key",
        "TRAIN_FILE": "file-train",
        "VALIDATION_FILE": "file-held-out",
        "OLD_MODEL": OLD_MODEL,
    }
    for name, value in variables.items():
        environment.setenv(name, value)
    yield
    server.shutdown()
    server.server_close()


class Uploads(Deliveries):
    """Brings what waits to the stack of a world."""

    def __init__(self, world: World) -> None:
        super().__init__(world.stack)
        self._world = world

    def _bring(self, message: dict[str, Any]) -> None:
        dataset_uploaded._take(self._world.cloud, message)


@pytest.fixture
def control_api(stack, environment):
    """ControlApi over HTTP; before each answer time passes, and whatever waits is delivered."""
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1", data=False)
    deliveries = Uploads(world)

    def go_on() -> None:
        deliveries.deliver()
        world.wait(STEP)

    def read(key: str) -> bytes:
        return stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()

    def store(key: str, content: bytes) -> None:
        stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=content)

    with served(go_on, read, world.cloud, store) as made:
        environment.setenv("TUNEDROP_CONTROL_API_URL", made.url)
        environment.setenv("TUNEDROP_DATA_BUCKET", stack.bucket)
        environment.setattr(pauses, "FIRST", 0.02)
        environment.setattr(pauses, "LONGEST", 0.02)
        yield world


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("written", ["", "{", "[1]", '"so"'])
def test_a_call_whose_arguments_are_no_object_is_kept_as_text_and_stops_no_later_answer(written):
    assert from_openai.called({"name": "find", "arguments": written}) == f"find {written}"
    assert from_openai.called({"name": "find", "arguments": '{"order": 7}'}) == ToolCall("find", {"order": 7})


ASKED = [{"role": "user", "content": "Why?"}]
SAID = [{"role": "assistant", "content": "So."}]


@pytest.mark.parametrize(
    ("kind", "code", "record"),
    [
        (
            "DPO",
            "preference_data",
            {"input": {"messages": ASKED}, "preferred_output": SAID, "non_preferred_output": SAID},
        ),
        ("RFT", "other_purpose", {"messages": ASKED, "reference_answer": "So."}),
        ("batch", "other_purpose", {"custom_id": "1", "method": "POST", "body": {"messages": ASKED}}),
    ],
)
def test_a_kind_that_trains_nothing_here_is_named_as_the_page_says(kind, code, record):
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {kind}")]
    result, _ = examine(json.dumps(record).encode(), base_model="nova-lite")
    assert (code in row, set(result.counts)) == (True, {code})


def run(command: str, environment) -> int:
    """Run one command of the page, as a shell would; return its exit code."""
    words = [os.path.expandvars(word) for word in shlex.split(command)]
    match words:
        case ["mkdir", folder]:
            Path(folder).mkdir()
            return 0
        case ["python3", "examples/from_openai.py", *arguments, ">", file]:
            environment.setattr("sys.argv", ["from_openai.py", *arguments])
            with Path(file).open("w", encoding="utf-8") as out, redirect_stdout(out):
                from_openai.main()
            return 0
        case ["tunedrop", *arguments]:
            return main.main(arguments)
    raise AssertionError(f"no shell here for {command}")


def test_every_command_of_the_page_runs_in_its_order_up_to_the_verdict(
    openai, control_api, environment, tmp_path, capsys
):
    environment.chdir(tmp_path)
    (settings,) = blocks("toml")
    for number, block in enumerate(blocks("sh")):
        for command in block.splitlines():
            code = run(command, environment)
            assert code == 0, f"{command}: {capsys.readouterr()}"
        if number == 0:
            (tmp_path / "support-bot" / "dataset.toml").write_text(settings, "utf-8")
    told = capsys.readouterr().out
    assert "support-bot-prod is better than answers/old-model.jsonl by" in told
    assert "points of tool match" in told
    assert "Gate passed: at most 3 points worse was asked for" in told
    assert control_api.deployment("support-bot-prod").state == "Ready"

"""A worked example in the demo: the commands of its page, one after the other, and what they came to."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tunedrop.domain.formats import openai_chat, tool_turns
from tunedrop.domain.records.record import joined
from tunedrop_cli import report_files
from tunedrop_cli.amounts import cost_of
from tunedrop_local.__main__ import exports
from tunedrop_local.client import Cloud

from demo.journey import DemoFailed
from demo.screen import Screen
from demo.surroundings import PATIENCE, ROOT, Surroundings

EXAMPLES = ROOT / "examples"
REGION = "us-east-1"
PRICES = """{"nova-lite.training_per_1000_tokens": 0.002, "custom_model_month": 1.95,
 "nova-lite.input_per_1000_tokens": 0.00006, "nova-lite.output_per_1000_tokens": 0.00024}"""
"""Of the size of real ones, so that a cost can be shown; AWS's own change, and are to be looked up."""
PARAMETERS = {"Prices": PRICES.replace("\n", "")}
BASE_MODEL_ID = "amazon.nova-lite-v1:0"
BASE_KNOWS = 0.5
"""The share of the right answers that the simulated base model is taught: by itself, it has none."""
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def names() -> Sequence[str]:
    """The examples that there are."""
    return sorted(page.parent.name for page in EXAMPLES.glob("*/README.md"))


def commands(name: str) -> Sequence[str]:
    """The `tunedrop` commands on an example's page, in their order."""
    blocks = _BLOCK.findall((EXAMPLES / name / "README.md").read_text("utf-8"))
    return [line for block in blocks for line in block.splitlines() if line.startswith("tunedrop ")]


def records(name: str, split: str = "test") -> Sequence[tuple[str, str]]:
    """What a split of an example asks, and what is right."""
    lines = (EXAMPLES / name / f"{split}.jsonl").read_text("utf-8").splitlines()
    return [_asked(json.loads(line)) for line in lines]


def _asked(document: dict[str, Any]) -> tuple[str, str]:
    """The last question and its answer, tools as they are prepared."""
    if "prompt" in document:
        return document["prompt"], document["completion"]
    record = tool_turns.rendered(openai_chat.read(document)).record
    assert record is not None
    question, answer = (joined(turn.blocks) for turn in record.turns[-2:])
    return question, answer


def teach_base(cloud: Cloud, *examples: str) -> None:
    """Give the base model something to be compared with: a share of the right answers to these examples."""
    pairs = [
        {"question": question, "answer": answer, "topic": name}
        for name in examples
        for question, answer in records(name)
    ]
    cloud.set_knowledge(pairs, {BASE_MODEL_ID: {"share": BASE_KNOWS}})


def run(around: Surroundings, screen: Screen, name: str) -> dict[str, Any]:
    """Run one example by its page; return its evaluation and its job. Raises DemoFailed where a command fails."""
    for command in commands(name):
        with screen.step(command):
            code = _run(around, screen, command)
            if code:
                raise DemoFailed(f"{command} ended with exit code {code}")
    with screen.step("Look at what was judged, and at what is left"):
        found, job = (_newest(around, noun, name) for noun in ("evaluations", "jobs"))
        report = json.loads(report_files.read_object(around.client("s3"), found["report_uri"]))
        costs = {"training": job["cost"], "asking": report["cost"]}
        screen.fact("verdict", f"{found['verdict']}: {found['summary']}")
        screen.fact("costs", ", ".join(f"{what} {cost_of(cost)}" for what, cost in costs.items()))
        if _is_served(around, name):
            raise DemoFailed(f"{name}-prod is still served")
    return {"example": name, "evaluation": found, "job": job, "costs": costs}


def _newest(around: Surroundings, noun: str, dataset: str) -> dict[str, Any]:
    listed = (each for each in around.api.get(f"/{noun}")[noun] if each["dataset"] == dataset)
    newest = next(listed, None)
    if newest is None:
        raise DemoFailed(f"{dataset}: its page starts none of its {noun}")
    return dict(around.api.get(f"/{noun}/{newest['id']}"))


def _is_served(around: Surroundings, dataset: str) -> bool:
    return any(
        line["kind"] == "custom_model_deployment"
        and not line["ended_at"]
        and line["tags"]["tunedrop:dataset"] == dataset
        for line in around.cloud.ledger()
    )


def _run(around: Surroundings, screen: Screen, command: str) -> int:
    """Run a command as the person, showing its output as it comes; return its exit code."""
    words = [sys.executable, "-m", "tunedrop_cli", *shlex.split(command)[1:]]
    variables = {**exports(around.stack, around.person), "COLUMNS": "110"}
    with subprocess.Popen(
        words, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            screen.line(line.rstrip())
        return running.wait(PATIENCE)

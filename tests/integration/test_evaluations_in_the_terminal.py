"""`tunedrop evaluations` against ControlApi over real HTTP: from a plan to a verdict, and what a script may rely on."""

from __future__ import annotations

import json
import shlex
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from tunedrop_cli import evaluation_watch, main

from tests.integration import evaluation_world
from tests.integration.bedrock_world import World
from tests.integration.served_control_api import served

EVALUATE = "evaluations start support --candidate support-prod"


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.make(stack, environment)


@pytest.fixture
def api(world, environment):
    """ControlApi over HTTP, and the bucket where its links lead."""

    def read(key: str) -> bytes:
        return world.stack.s3.get_object(Bucket=world.stack.bucket, Key=key)["Body"].read()

    with served(lambda: None, read, world.cloud) as made:
        environment.setenv("TUNEDROP_CONTROL_API_URL", made.url)
        yield made


@pytest.fixture
def say(api, capsys):
    """Run a command line; returns its exit code and what it printed."""

    def run(line: str) -> tuple[int, str]:
        code = main.main(shlex.split(line)[1:] if line.startswith("tunedrop ") else shlex.split(line))
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def proposed(said: str) -> str:
    """The command that was proposed last."""
    return [line for line in said.splitlines() if line.startswith("next")][-1].removeprefix("next").strip()


def completed(world: World, **more) -> str:
    found = evaluation_world.post(world, more)
    world.deliver()
    return str(found["id"])


def test_a_plan_asks_nobody_and_ends_in_the_command_that_starts_it_and_so_on_to_the_page(world, say, tmp_path):
    code, said = say(f"{EVALUATE} --gate better --plan")
    assert code == 0
    for words in (
        "support@1",
        "exact match",
        "3 points",
        "better, on too little evidence hold",
        "60 of test",
        "Nobody",
    ):
        assert words in said
    assert "No evaluation yet." in say("evaluations list")[1]

    code, said = say(proposed(said))
    assert (code, "Requested" in said) == (0, True)
    world.deliver()
    code, said = say(proposed(said))
    assert code == 0
    assert said.index("Completed") < said.index("better  support-prod is better than base")
    assert "better: passed" in said
    page = tmp_path / "page.html"
    command = proposed(said)
    assert command.startswith("tunedrop evaluations show ")
    code, said = say(f"{command[: command.index('--html')]} --html {page}")
    assert (code, page.read_bytes()[:9]) == (0, b"<!doctype")
    assert "better  " in said


def test_a_gate_that_has_not_passed_ends_in_1_whenever_a_script_looks(world, say):
    code, said = say("evaluations start support --candidate nova-lite --against nova-micro --gate better --json")
    assert code == 0
    evaluation = json.loads(said)["id"]
    assert say(f"evaluations show {evaluation}")[0] == 1, "it has not passed yet"
    world.deliver()
    code, said = say(f"evaluations show {evaluation}")
    outcome = evaluation_world.get(world, evaluation)["outcome"]
    assert outcome in {"failed", "held"}
    assert code == 1
    assert "approve" not in said
    assert say(f"evaluations show {evaluation} --json")[0] == 1
    assert say(f"evaluations show {completed(world)}")[0] == 0, "no gate was asked for"


def test_progress_is_told_while_it_asks(world, say, monkeypatch):
    waiting = deque[Any]()

    def pass_on(_: float) -> None:
        waiting.extend(world.stack.messages(world.settings.evaluation_queue_url))
        if waiting:
            world.evaluate(waiting.popleft())

    monkeypatch.setattr(evaluation_watch, "time", SimpleNamespace(sleep=pass_on))
    code, said = say(f"{EVALUATE} --watch")
    assert code == 0
    told = [line.split("InProgress")[1].split()[0] for line in said.splitlines() if "of 180 answers" in line]
    counts = [int(each) for each in told]
    assert counts == sorted(set(counts))
    assert 3 <= len(counts) <= evaluation_watch.TOLD + 2
    assert said.index("of 180 answers") < said.index("Completed") < said.index("better  support-prod is better")


def test_a_stop_is_told_and_there_is_no_verdict(world, say):
    _, said = say(EVALUATE)
    evaluation = proposed(said).split()[3]
    code, said = say(f"evaluations stop {evaluation}")
    assert (code, "Stopping" in said) == (0, True)
    world.deliver()
    code, said = say(proposed(said))
    assert (code, "Stopped" in said) == (1, True)
    assert "verdict" not in said
    code, said = say(f"evaluations show {evaluation} --html page.html")
    assert (code, "no_report" in said) == (1, True)
    code, said = say("evaluations list")
    assert (code, said.count("support-prod"), said.count("Stopped")) == (0, 1, 1)


def test_names_that_are_not_there_are_answered_with_the_nearest(say):
    code, said = say("evaluations start support --candidate support-pord")
    assert (code, "Did you mean support-prod?" in said) == (1, True)
    code, said = say("evaluations start support --candidate support-prod --against nova-pr")
    assert (code, "Did you mean nova-pro?" in said) == (1, True)
    code, said = say("evaluations show 01")
    assert (code, "tunedrop evaluations list" in said) == (1, True)


def test_a_report_that_was_erased_leaves_the_verdict_that_the_row_holds(world, say):
    evaluation = completed(world)
    conclusion = evaluation_world.row(world, evaluation).conclusion
    assert conclusion is not None
    world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=conclusion.report_key)
    code, said = say(f"evaluations show {evaluation}")
    assert code == 0
    assert "report_unread" in said
    assert conclusion.summary in said

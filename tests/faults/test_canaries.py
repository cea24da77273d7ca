"""A bounded part of B13, and whether a canary is seen however it is written."""

from __future__ import annotations

import base64
import importlib
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from tunedrop.edges.observability import Failed

from tests import builders
from tests.faults import canary_proof
from tests.faults.canaries import Flock
from tests.faults.canary_world import FUNCTIONS


def test_nothing_of_what_people_train_on_ask_or_keep_secret_is_written_elsewhere():
    assert canary_proof.look_everywhere(6).objections == []


@pytest.mark.parametrize(
    "written",
    [
        str,
        str.lower,
        str.upper,
        json.dumps,
        quote,
        lambda said: repr(said)[:30],
        lambda said: base64.b64encode(said.encode()).decode(),
        lambda said: base64.urlsafe_b64encode(b"1" + said.encode()).decode(),
        lambda said: json.dumps({"body": base64.b64encode(b"12" + said.encode()).decode()}),
    ],
)
@pytest.mark.parametrize("say", [Flock.content, lambda flock, place: flock.canary("content", place)])
def test_a_canary_is_seen_however_it_is_written(written, say):
    flock = Flock()
    said = say(flock, "a prompt")
    flock.look("log", "Larkspur Home", "a test")
    assert flock.seen == []
    flock.look("log", f"before {written(said)} after", "a test")
    assert flock.seen == ["a test: content, a prompt, in log"]
    assert flock.seen[0] in flock.proof("").objections


def test_a_proof_that_looked_at_nothing_is_none():
    assert "nothing was looked through in rows" in Flock().proof("").objections
    assert "no prepared file holds a canary" in Flock().proof("").objections


def test_a_name_may_stand_where_it_finds_a_file_and_in_no_log():
    flock = Flock()
    name = flock.canary("name", "a key")
    flock.look("reports", name, "a test")
    flock.look("log", name, "a test")
    assert flock.seen == ["a test: name, a key, in log"]


def test_a_secret_that_was_not_planted_is_seen_too():
    flock = Flock()
    flock.watch("secret", "API key", "td_A1b2C3d4E5f6G7h8")
    flock.look("rows", '{"key": "td_a1b2c3d4e5f6g7h8"}', "a test")
    assert flock.seen == ["a test: secret, API key, in rows"]


def test_every_function_is_looked_at():
    assert set(FUNCTIONS) == {path.stem for path in (Path(__file__).parents[2] / "functions").glob("*.py")}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_lets_words_of_an_exception_reach_the_runtime(function, environment):
    """Without its variables none can do anything; Lambda's runtime prints what it raises."""
    with pytest.raises(Failed) as failed:
        importlib.import_module(function).handler(builders.event("reconcile_schedule"), builders.LambdaContext())
    assert str(failed.value) == "KeyError"
    assert failed.value.__suppress_context__

"""docs/openapi.json keeps what each release's document promised; what breaks it is listed with its reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.upgrade.api_changes import Document, taken

RELEASES = sorted((Path(__file__).parents[1] / "fixtures" / "openapi").glob("*.json"))
BREAKS: Mapping[str, Mapping[str, str]] = {}
"""By release: what is broken of its document, in the words of `taken`, and why. Only before 1.0."""
NOW: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))
"""Which is what the routes say: test_openapi.py."""


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_nothing_is_taken_from_those_who_call_a_release(path):
    found = set(taken(Document(json.loads(path.read_text("utf-8"))), Document(NOW)))
    assert found == BREAKS.get(path.stem, {}).keys(), "list it in BREAKS with its reason, or take it out of there"


def test_some_release_is_compared():
    assert RELEASES
    assert all(BREAKS.values())
    assert BREAKS.keys() <= {path.stem for path in RELEASES}


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def lose(holder: Callable[[dict[str, Any]], Any], name: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: holder(document).pop(name)


def change(holder: Callable[[dict[str, Any]], Any], **values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: holder(document).update(values)


def list_jobs(document: dict[str, Any]) -> Any:
    return document["paths"]["/jobs"]["get"]


def body(document: dict[str, Any]) -> Any:
    return schema(document, "StartJobBody")


def answer(document: dict[str, Any]) -> Any:
    return schema(document, "JobAnswer")


TAKEN = {
    "POST /jobs: gone": lose(lambda document: document["paths"]["/jobs"], "post"),
    "GET /jobs: gone": lose(lambda document: document["paths"], "/jobs"),
    "GET /jobs: parameter limit is gone": change(list_jobs, parameters=[]),
    "GET /jobs: parameter limit is newly required": change(
        lambda document: list_jobs(document)["parameters"][0], required=True
    ),
    "GET /jobs: parameter limit has another maximum: 50 instead of 100.0": change(
        lambda document: list_jobs(document)["parameters"][0]["schema"], maximum=50
    ),
    "POST /jobs: body.plan_id is gone": lose(lambda document: body(document)["properties"], "plan_id"),
    "POST /jobs: body.version is newly required": change(body, required=["dataset", "base_model", "version"]),
    "POST /jobs: body.version may no longer be null": change(
        lambda document: body(document)["properties"], version={"type": "integer"}
    ),
    "POST /jobs: body.deployment.hours has another maximum: 8 instead of none": change(
        lambda document: schema(document, "DeploymentBody")["properties"],
        hours={"anyOf": [{"type": "integer", "maximum": 8}, {"type": "null"}]},
    ),
    "POST /jobs: body.dataset may no longer be anything": change(
        lambda document: body(document)["properties"], dataset={"type": "string", "enum": ["support"]}
    ),
    "POST /jobs: status 202 is gone": lose(
        lambda document: document["paths"]["/jobs"]["post"]["responses"], "202"
    ),
    "POST /jobs: answer 202.status is gone": lose(lambda document: answer(document)["properties"], "status"),
    "POST /jobs: answer 202.id may now be missing": change(answer, required=[]),
    "POST /jobs: answer 202.id may now be null": change(
        lambda document: answer(document)["properties"], id={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "POST /jobs: answer 202.id may now be integer": change(
        lambda document: answer(document)["properties"], id={"type": "integer"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", TAKEN)
def test_what_is_taken_is_told(words):
    later = copy.deepcopy(NOW)
    TAKEN[words](later)
    assert words in set(taken(Document(NOW), Document(later)))


GIVEN = {
    "a route": lambda document: document["paths"].update({"/more": {"get": list_jobs(document)}}),
    "a parameter": lambda document: list_jobs(document)["parameters"].append(
        {"name": "more", "in": "query", "schema": {"type": "string"}}
    ),
    "a field of a body": lambda document: body(document)["properties"].update({"more": {"type": "string"}}),
    "a field of an answer": lambda document: answer(document)["properties"].update({"more": {"type": "string"}}),
    "a wider bound": change(lambda document: list_jobs(document)["parameters"][0]["schema"], maximum=500),
    "a field that is always there": lambda document: answer(document).update(
        {"required": list(answer(document)["properties"])}
    ),
}


@pytest.mark.parametrize("what", GIVEN)
def test_what_is_given_takes_nothing(what):
    later = copy.deepcopy(NOW)
    GIVEN[what](later)
    assert later != NOW
    assert set(taken(Document(NOW), Document(later))) == set()

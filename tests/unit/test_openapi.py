"""docs/openapi.json is what the routes say, and the template leads to every route."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pytest
import yaml
from tunedrop.routes import openapi

ROOT = Path(__file__).parents[2]
WRITTEN = (ROOT / "docs" / "openapi.json").read_text("utf-8")
DOCUMENT = json.loads(WRITTEN)
ROUTES = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


class _Template(yaml.SafeLoader):
    """Reads past CloudFormation's tags."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: suffix)


@functools.cache
def doors():
    """Path and method of every event of ControlApi."""
    template = yaml.load((ROOT / "template.yaml").read_text(), _Template)  # noqa: S506 - a SafeLoader
    events = template["Resources"]["ControlApiFunction"]["Properties"]["Events"].values()
    return {(event["Properties"]["Path"], event["Properties"]["Method"].lower()) for event in events}


def test_the_document_is_the_generated_one():
    assert openapi.document() == WRITTEN, "run `make docs`"


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_the_template_leads_to_every_route(path, method):
    noun = "/" + path.split("/")[1]
    door = noun if path == noun else f"{noun}/{{proxy+}}"
    assert (door, method) in doors()


def test_no_door_of_the_template_leads_nowhere():
    led_to = {("/" + path.split("/")[1], method) for path, method in ROUTES}
    assert {(door.removesuffix("/{proxy+}"), method) for door, method in doors()} == led_to


def test_every_post_takes_an_idempotency_key():
    for path, method in ROUTES:
        if method == "post":
            names = [parameter["name"] for parameter in DOCUMENT["paths"][path][method]["parameters"]]
            assert "idempotency-key" in names, path


def test_bodies_refuse_unknown_fields():
    for name in ("StartJobBody", "DeploymentBody", "CreateKey", "MakeVersionBody", "PartBody"):
        assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False


def test_every_code_that_docs_api_md_lists_is_one_that_the_code_raises():
    listed = set(
        re.findall(
            r"`([a-z]+(?:_[a-z]+)+)`",
            (ROOT / "docs" / "api.md").read_text().split("## Errors")[1].split("## Own events")[0],
        )
    )
    source = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))
    unknown = {code for code in listed if f'"{code}"' not in source}
    assert unknown == set()

"""The table of who may do what in docs/operations.md is the template's own word."""

from __future__ import annotations

import copy
import json

from tests.template.conftest import translate
from tests.template.identities import OURS
from tests.template.runbook import PAGE, steps
from tests.template.stack import deployed
from tests.template.who_may_do_what import BEGIN, END, OPENAPI, page, table


def rows():
    text = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return {name: dict(zip(OURS, words, strict=True)) for name, *words in lines[2:]}


def test_the_table_is_the_templates_own_word(stack):
    text = PAGE.read_text("utf-8")
    assert text == page(text, stack), "stale: make docs"


def test_the_table_has_every_route_and_every_command_of_the_page():
    paths = json.loads(OPENAPI.read_text("utf-8"))["paths"]
    routes = {f"`{method.upper()} {path}`" for path in paths for method in paths[path]}
    commands = {f"`{step.name}`" for step in steps() if "(up)" not in step.name}
    assert routes | commands <= rows().keys()


def test_every_route_is_open_to_somebody_and_none_to_a_deployer():
    for name, words in rows().items():
        if not name.startswith(("`aws", "`s3", "`tunedrop")):
            assert any(words.values()), name
            assert not words["deployer"], name


def test_only_one_kind_of_people_erases_starts_or_makes_keys():
    known = rows()

    def who(name):
        return {person for person, word in known[name].items() if word}

    assert who("`DELETE /datasets/{name}`") == who("`DELETE /datasets/{name}/versions/{number}`") == {"data keeper"}
    assert who("`POST /jobs`") == who("`POST /keys`") == {"operator"}
    assert who("`POST /evaluations`") == {"operator"}
    assert who("`POST /evaluations/{evaluation_id}/stop`") == {"operator", "responder"}
    assert who("`DELETE /keys/{key_id}`") == who("`DELETE /deployments/{name}`") == {"operator", "responder"}
    assert who("`s3` delete") == set()
    assert who("`aws cloudformation delete-stack`") == {"deployer"}


def test_another_policy_would_make_another_table(template, parameters):
    changed = copy.deepcopy(template)
    document = changed["Resources"]["UploaderPolicy"]["Properties"]["PolicyDocument"]
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "Upload"]
    assert table(deployed(translate(changed, parameters), parameters)) not in PAGE.read_text("utf-8")

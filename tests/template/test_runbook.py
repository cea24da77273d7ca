"""Whoever a page sends to do something is allowed to: every command of docs/operations.md, as the identity it names."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from tests.next_commands import parsed
from tests.template.identities import ADMINISTRATOR, OURS, identity
from tests.template.runbook import COMMANDS, PAGE, ROUTE, Step, route_request, steps

STEPS = list(steps())
AS_OUR_OWN = [step for step in STEPS if step.who != ADMINISTRATOR]
ROUTES = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))["paths"]
HIGH_LEVEL = {"aws logs tail", "aws s3 cp (up)"}
"""Commands of the AWS CLI that are no operation of a service."""


def named(step: Step) -> str:
    return f"{step.who}: {step.name}"


def test_the_page_has_commands_of_every_identity():
    assert {step.who for step in STEPS} == {*OURS, ADMINISTRATOR}


@pytest.mark.parametrize("step", AS_OUR_OWN, ids=named)
def test_whom_the_page_names_may_do_what_it_says(stack, step):
    person = identity(stack, step.who)
    assert [each for each in step.requests if not person.may(each)] == []


@pytest.mark.parametrize("step", [step for step in STEPS if step.changes], ids=named)
def test_what_changes_something_is_denied_to_who_only_reads_and_to_who_only_uploads(stack, step):
    assert not identity(stack, "reader").may(*step.requests)
    assert step.who == "uploader" or not identity(stack, "uploader").may(*step.requests)


@pytest.mark.parametrize("step", [step for step in STEPS if step.who == ADMINISTRATOR], ids=named)
def test_what_is_the_administrators_nobody_of_ours_may_do(stack, step):
    assert [name for name in OURS if identity(stack, name).may(*step.requests)] == []


def test_every_command_is_one_of_the_service_that_it_names():
    session = botocore.session.get_session()
    for command in COMMANDS.keys() - HIGH_LEVEL:
        program, service, *verbs = command.split()
        if program == "aws":
            (verb,) = verbs
            operations = {xform_name(name, "-") for name in session.get_service_model(service).operation_names}
            assert verb in operations, command


@pytest.mark.parametrize("step", [step for step in STEPS if step.command.startswith("tunedrop ")], ids=named)
def test_every_command_of_ours_can_be_run_as_the_page_has_it(step):
    chosen = vars(parsed(step.command.replace("BASE_MODEL", "nova-lite")))
    assert [chosen[word] for word in ("command", "action") if word in chosen] == step.name.split()[1:]


def test_every_command_that_is_known_stands_on_the_page():
    assert {step.name for step in STEPS} == set(COMMANDS)


def test_every_route_that_a_command_asks_for_is_one_of_control_api():
    known = {route_request(f"{verb.upper()} {path}").resource for path, verbs in ROUTES.items() for verb in verbs}
    asked = {each.resource for requests in COMMANDS.values() for each in requests if "execute-api" in each.resource}
    assert asked
    assert asked <= known


def test_nobody_is_told_a_route_where_there_is_a_command():
    page = "".join(line for line in PAGE.read_text("utf-8").splitlines(keepends=True) if not line.startswith("|"))
    assert ROUTE.findall(page) == []
    assert ROUTE.findall("As the **responder**: `POST /jobs/<id>/stop`, then `POST /v1/messages`") == [
        "`POST /jobs/<id>/stop`"
    ]


@pytest.mark.parametrize(
    ("page", "who"),
    [
        ("## A\nAs the **reader**: `tunedrop jobs list`", "reader"),
        ("## A\nAs the **reader**:\n1. See `tunedrop jobs list`", "reader"),
        ("## A\nAs the **reader**:\n1. As the **operator**: x.\n2. See `tunedrop jobs list`", "reader"),
        ("## A\n1. As the **operator**: a\n   b `tunedrop jobs list`", "operator"),
        ("## A\nAs the **reader**: x.\n## B\n`tunedrop jobs list`", ""),
        ("## A\n1. As the **operator**: x.\n\n`tunedrop jobs list`", ""),
    ],
)
def test_a_command_is_run_as_whom_its_item_or_else_its_section_names(page, who):
    assert [step.who for step in steps(page)] == [who]

"""The prover of permissions in `make test`, on the kept recording and without Z3.

Each integration test holds its own calls against the recording (tests/integration/conftest.py); `make prove` makes the
recording's own tests again.
"""

from __future__ import annotations

import json
import re

import pytest
from tunedrop_cli import main

from tests.iam import declared, may, people, prover, sources
from tests.iam.evaluation import Request
from tests.iam.policies import Policies
from tests.iam.recorder import DIRECTLY, role
from tests.iam.recording import Recording, differences, merged
from tests.iam.seeds import FAULTS
from tests.template.identities import POLICIES
from tests.template.runbook import PAGE, steps
from tests.template.stack import ACCOUNT, REGION

FOUND_BY_A_QUARTER = FAULTS[::4]
"""make prove seeds them all."""
SECTIONS = {
    heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
}


@pytest.fixture(scope="module", params=range(2), ids=["defaults", "other choices"])
def case(request) -> prover.Case:
    return prover.cases()[request.param]


@pytest.mark.parametrize("check", prover.CHECKS)
def test_nothing_is_denied_dead_loose_undeclared_or_toothless(case, check):
    assert sorted(prover.CHECKS[check](case)) == []


def test_what_is_not_needed_has_a_reason_that_still_holds():
    assert prover.stale() == set()


def test_every_call_in_the_sources_is_made_by_a_test_that_was_recorded():
    assert prover.unrecorded() == set()


def test_a_call_is_found_by_its_method_its_paginator_or_its_link():
    source = """
def f(bucket, table, spender, bus):
    bucket.s3.get_paginator("list_objects_v2").paginate()
    bucket.s3.generate_presigned_url("put_object")
    spender.tag_resource(resourceARN="x")
    retried(bucket.s3.copy_object)
    table.query("a row")
"""
    assert sources.called({"m.py": source}) == {
        ("m.py", "s3.ListObjectsV2"),
        ("m.py", "s3.PutObject"),
        ("m.py", "bedrock.TagResource"),
        ("m.py", "s3.CopyObject"),
    }


def test_a_call_whose_service_is_not_told_is_an_error():
    with pytest.raises(ValueError, match="whose tag_resource"):
        sources.called({"m.py": "client.tag_resource(resourceARN='x')"})


def test_recorded_roles_are_roles_of_the_template_and_of_its_functions(case):
    assert {who for who, _ in case.needs} - {""} <= case.policies.of_owners.keys()
    assert {role(handler) for handler in DIRECTLY.values()} <= case.policies.of_owners.keys()


@pytest.mark.parametrize("fault", FOUND_BY_A_QUARTER, ids=[fault.words for fault in FOUND_BY_A_QUARTER])
def test_a_seeded_slip_is_found(fault):
    assert prover.seeded([fault])[fault.words]


# --- the negative matrix, in words


def able(policies: Policies, action: str, resource: str, **context: str) -> set[str]:
    """The roles, and the people by their policy, that may do this."""
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return {who for who in policies.of_owners if policies.decide((who, Request(action, resource, keys))).allowed}


OURS = {
    "aws:ResourceTag/tunedrop:stack": may.OURS["aws:ResourceTag/tunedrop:stack"],
    **declared.MARKED,
    "aws:RequestTag/tunedrop:intent": "x",
    "aws:RequestTag/tunedrop:term": "hourly",
}
THEIRS = {**OURS, "aws:ResourceTag/tunedrop:stack": "theirs"}
SPENDING = {
    "bedrock:CreateModelCustomizationJob": "model-customization-job",
    "bedrock:CreateProvisionedModelThroughput": "custom-model",
    "bedrock:CreateCustomModelDeployment": "custom-model",
    "bedrock:DeleteProvisionedModelThroughput": "provisioned-model",
    "bedrock:DeleteCustomModelDeployment": "custom-model-deployment",
    "bedrock:StopModelCustomizationJob": "model-customization-job",
    "bedrock:TagResource": "provisioned-model",
}


@pytest.mark.parametrize(("action", "kind"), SPENDING.items())
def test_one_role_alone_spends_and_only_on_what_is_ours(case, action, kind):
    resource = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{kind}/x"
    ends = {"ResponderPolicy"} if action.startswith(("bedrock:Delete", "bedrock:Stop")) else set()
    ends |= {"BrakeRole"} if action == "bedrock:DeleteProvisionedModelThroughput" else set()
    assert able(case.policies, action, resource, **OURS) == {"SpendingRequestedRole"} | ends
    if action != "bedrock:CreateModelCustomizationJob":  # what it makes is new
        assert able(case.policies, action, resource, **THEIRS) == set()


@pytest.mark.parametrize("action", [action for action in SPENDING if "Create" in action or "Tag" in action])
@pytest.mark.parametrize("tag", ["aws:RequestTag/tunedrop:stack", "aws:RequestTag/tunedrop:intent"])
def test_nothing_is_created_or_tagged_without_the_tags_of_stack_and_intent(case, action, tag):
    resource = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{SPENDING[action]}/x"
    without = {key: value for key, value in OURS.items() if key != tag}
    assert able(case.policies, action, resource, **without) == set()


def test_two_roles_are_passed_by_one_role_each_to_one_service(case):
    def passing(service: str, resource: str) -> set[str]:
        return able(case.policies, "iam:PassRole", resource, iam__PassedToService=f"{service}.amazonaws.com")

    whom = {"BedrockRole": "bedrock", "BrakeRole": "scheduler"}
    for passed in case.policies.of_owners:
        for service in ("bedrock", "scheduler", "lambda", "sagemaker", "ec2", "bedrock-agentcore"):
            wanted = {"SpendingRequestedRole"} if whom.get(passed) == service else set()
            assert passing(service, f"<{passed}.Arn>") == wanted, (passed, service)
        assert able(case.policies, "iam:PassRole", f"<{passed}.Arn>") == set()


def test_no_role_buys_for_a_model_without_tags(case):
    model = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/x"
    untagged = {key: value for key, value in OURS.items() if "ResourceTag" not in key}
    assert able(case.policies, "bedrock:CreateProvisionedModelThroughput", model, **untagged) == set()
    base_model = f"arn:aws:bedrock:{REGION}::foundation-model/x"
    assert able(case.policies, "bedrock:CreateProvisionedModelThroughput", base_model, **untagged) == {
        "SpendingRequestedRole"
    }


# --- people


def test_every_policy_for_people_has_its_uses():
    assert set(people.USES) == set(POLICIES.values())


@pytest.mark.parametrize("policy", people.USES)
def test_a_policy_for_people_grants_what_its_uses_may_and_nothing_else(case, policy):
    granted, wanted = (_said(each.of_owners[policy]) for each in (case.policies, case.declared))
    assert sorted(granted - wanted) == []
    assert sorted(wanted - granted) == []


def _said(statements) -> set[tuple[str, str, str]]:
    """Each action on each resource, with its conditions."""
    return {
        (action, resource, json.dumps(each.conditions, sort_keys=True))
        for each in statements
        for action in each.actions
        for resource in each.resources
    }


@pytest.mark.parametrize("person", POLICIES)
def test_every_use_of_a_policy_is_a_command_or_a_section_of_a_page(person):
    uses = people.USES[POLICIES[person]]
    told = {step.name for step in steps() if step.who == person and step.command.startswith("aws ")}
    assert {use.by for use in uses if use.by.startswith("aws ")} == told - {"aws s3 cp (up)"}  # `tunedrop push` does so
    for use in uses:
        assert list(use.requests()), use.by
        program, *words = use.by.split()
        if program == "tunedrop":
            with pytest.raises(SystemExit, match=r"^0$"):
                main.command_line(words).parse_args([*words, "--help"])
        elif program != "aws":
            assert use.by.partition("docs/operations.md#")[2] in SECTIONS


# --- recordings


def test_few_tests_are_kept_that_show_everything():
    one, two = ("m.py", "s3.GetObject"), ("m.py", "s3.PutObject")
    made = {
        "test_a": Recording(frozenset({one})),
        "test_b": Recording(frozenset({one, two}), frozenset({'["R"]'})),
        "test_c": Recording(frozenset({two})),
    }
    assert merged(made) == Recording(frozenset({one, two}), frozenset({'["R"]'}), ("test_b",))


def test_a_recording_is_read_as_it_was_written(tmp_path):
    kept = prover.recorded()
    kept.write(tmp_path / "again.json")
    assert Recording.read(tmp_path / "again.json") == kept


def test_recordings_differ_by_what_is_new_and_by_what_is_gone():
    kept = Recording(frozenset({("m.py", "s3.GetObject")}))
    heard = Recording(needs=frozenset({'["R"]'}))
    assert sorted(differences(kept, heard)) == [
        'is called and not recorded: ["R"]',
        "is no longer called: s3.GetObject in m.py",
    ]

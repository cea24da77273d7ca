"""What the policies for people allow: an uploader by the tag, an operator no data, a responder what is the stack's."""

from __future__ import annotations

import re
from itertools import product

import botocore.session
import pytest
from tunedrop.domain.versions.object_keys import MAX_NAME, NAME_PATTERN

from tests.iam.evaluation import Request
from tests.template.identities import POLICIES, identity
from tests.template.runbook import route_request
from tests.template.stack import ACCOUNT, PSEUDO, REGION

LARGEST = 6144
"""Characters of a managed policy, white space aside: docs/facts.md#iam."""
ARN_AT_MOST = 120
DATASETS = ["support", "support-bot", "support-bot-eu", "support-eu", "support2", "supporters", "s", "other"]
REACHED = {  # by a tag's value
    "support": {"support"},
    "support-bot": {"support-bot"},
    "support-": {"support-bot", "support-bot-eu", "support-eu"},
    "support-bot-": {"support-bot-eu"},
    "s": {"s"},
    "-": set(),
    "": set(),
    "/": set(),
    "other/": set(),
    "support/..": set(),
    None: set(),
}
SAMPLES = {"*": "*", "?": "?", "$": "${aws:username}", "[": "[s]upport", "|": "support|other"}


def put(dataset, file="train.jsonl"):
    return Request("s3:PutObject", f"<DataBucket.Arn>/incoming/{dataset}/{file}")


def listing(prefix):
    return Request("s3:ListBucket", "<DataBucket.Arn>", {"s3:prefix": prefix})


def route(text):
    return route_request(text)


# --- uploaders


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("tag", REACHED)
def test_an_uploader_reaches_the_datasets_of_the_tag_and_no_other(stack, tag, dataset):
    uploader = identity(stack, "uploader", tag)
    asked = {
        "upload": put(dataset),
        "part": put(dataset, "train/part-07.csv"),
        "settings": put(dataset, "dataset.toml"),
        "see": listing(f"incoming/{dataset}/"),
        "link": route(f"POST /datasets/{dataset}/uploads"),
        "version": route(f"POST /datasets/{dataset}/versions"),
        "outcome": route(f"GET /datasets/{dataset}/uploads/01J"),
        "verdict": route(f"GET /datasets/{dataset}/versions/3"),
        "newest": route(f"GET /datasets/{dataset}"),
    }
    wanted = dataset in REACHED[tag]
    assert {name: uploader.may(each) for name, each in asked.items()} == dict.fromkeys(asked, wanted)


@pytest.mark.parametrize("tag", [tag for tag in REACHED if tag is not None])
def test_no_tag_reaches_beyond_uploads(stack, tag):
    uploader = identity(stack, "uploader", tag)
    beyond = [
        Request("s3:PutObject", "<DataBucket.Arn>/prepared/support-bot/1/nova-lite/train.jsonl"),
        Request("s3:PutObject", "<DataBucket.Arn>/reports/support-bot/1/nova-lite/train.json"),
        Request("s3:GetObject", "<DataBucket.Arn>/incoming/support-bot/train.jsonl"),
        Request("s3:DeleteObject", "<DataBucket.Arn>/incoming/support-bot/train.jsonl"),
        Request("s3:ListBucket", "<DataBucket.Arn>"),
        listing("incoming/"),
        listing(""),
        listing("prepared/support-bot/"),
        route("POST /jobs"),
        route("POST /keys"),
        route("GET /datasets"),
        route("GET /jobs"),
        route("DELETE /datasets/support-bot"),
        route("DELETE /datasets/support-bot/versions/1"),
    ]
    assert [each for each in beyond if uploader.may(each)] == []


def test_no_name_of_a_dataset_ends_in_a_hyphen_so_none_is_taken_for_a_prefix():
    texts = ("".join(each) for length in range(1, 5) for each in product("a0-", repeat=length))
    assert [text for text in texts if re.fullmatch(NAME_PATTERN, text) and text.endswith("-")] == []
    assert _tag_value("iam")["max"] >= MAX_NAME


@pytest.mark.parametrize("service", ["iam", "sts"])
@pytest.mark.parametrize("sign", SAMPLES)
def test_no_tag_can_hold_a_wildcard_or_a_variable(service, sign):
    """IAM fills a variable in before it matches; what cannot be in the value can widen nothing."""
    allowed = _tag_value(service)["pattern"]
    assert allowed == r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"
    assert sign not in "_.:/=+-@"
    assert not sign.isalnum()
    assert not sign.isspace()


@pytest.mark.parametrize("wildcard", ["*", "support*", "?upport", "*-"])
def test_a_wildcard_that_came_into_a_tag_all_the_same_would_be_literal(stack, wildcard):
    uploader = identity(stack, "uploader", wildcard)
    assert not uploader.may(put("support"))
    assert not uploader.may(put("support-bot"))


def _tag_value(service):
    return botocore.session.get_session().get_service_model(service).shape_for("tagValueType").metadata


# --- everybody else


def may(stack, name, *routes):
    person = identity(stack, name)
    return [each for each in routes if person.may(route(each))]


def test_an_operator_runs_jobs_and_hands_out_keys_but_touches_no_data(stack):
    yes = ["POST /jobs", "POST /jobs/x/stop", "DELETE /deployments/x", "POST /keys", "DELETE /keys/x", "GET /keys"]
    no = [
        "DELETE /datasets/x",
        "DELETE /datasets/x/versions/1",
        "POST /datasets/x/uploads",
        "POST /datasets/x/versions",
    ]
    assert may(stack, "operator", *yes, *no) == yes
    assert not identity(stack, "operator").may(put("support-bot"))


def test_a_data_keeper_uploads_to_any_dataset_and_erases_but_starts_nothing(stack):
    yes = [
        "DELETE /datasets/x",
        "DELETE /datasets/x/versions/1",
        "POST /datasets/x/uploads",
        "POST /datasets/x/versions",
        "GET /datasets",
        "GET /datasets/x/tombstones",
    ]
    no = ["POST /jobs", "POST /jobs/x/stop", "DELETE /deployments/x", "POST /keys", "DELETE /keys/x", "GET /jobs"]
    assert may(stack, "data keeper", *yes, *no) == yes
    assert identity(stack, "data keeper").may(put("support-bot"), put("other"), listing("incoming/support-bot/"))
    assert not identity(stack, "data keeper").may(listing("prepared/"))


def test_a_responder_stops_and_gives_back_but_starts_makes_and_erases_nothing(stack):
    yes = ["POST /jobs/x/stop", "DELETE /deployments/x", "DELETE /keys/x", "GET /deployments", "GET /jobs/x"]
    no = ["POST /jobs", "POST /keys", "DELETE /datasets/x", "DELETE /datasets/x/versions/1", "POST /datasets/x/uploads"]
    assert may(stack, "responder", *yes, *no) == yes
    assert not identity(stack, "responder").may(put("support-bot"))


@pytest.mark.parametrize("kind", ["custom-model", "custom-model-deployment", "provisioned-model"])
def test_a_responder_ends_in_bedrock_what_has_this_stacks_tag_and_nothing_else(stack, kind):
    verb = {"custom-model": "CustomModel", "custom-model-deployment": "CustomModelDeployment",
            "provisioned-model": "ProvisionedModelThroughput"}[kind]  # fmt: skip
    resource, tag = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{kind}/0123", "aws:ResourceTag/tunedrop:stack"
    responder = identity(stack, "responder")
    assert responder.may(Request(f"bedrock:Delete{verb}", resource, {tag: PSEUDO["AWS::StackId"]}))
    assert not responder.may(Request(f"bedrock:Delete{verb}", resource, {tag: "arn:aws:cloudformation:another"}))
    assert not responder.may(Request(f"bedrock:Delete{verb}", resource))
    assert not responder.may(Request(f"bedrock:Create{verb}", resource, {tag: PSEUDO["AWS::StackId"]}))
    assert not responder.may(Request("bedrock:TagResource", resource, {tag: PSEUDO["AWS::StackId"]}))


def test_nobody_may_write_to_a_table_take_a_role_or_change_a_policy(stack):
    for name in POLICIES:
        actions = {action.split(":")[0] for each in identity(stack, name).statements for action in each.actions}
        assert not actions & {"dynamodb", "iam", "lambda", "sts"}


def test_every_statement_has_a_sid_and_every_policy_fits_a_managed_policy(stack):
    for name in POLICIES.values():
        policy = stack[name]
        document = policy["PolicyDocument"]
        assert all(each.sid for each in identity(stack, _of(name)).statements)
        assert len({each["Sid"] for each in document["Statement"]}) == len(document["Statement"])
        text = re.sub(r"<[^>]+>", "x" * ARN_AT_MOST, str(document).replace(" ", ""))
        assert len(text) <= LARGEST, (name, len(text))


def _of(policy):
    return next(name for name, each in POLICIES.items() if each == policy)

"""The REST-JSON protocol of the simulated service, from botocore's own model."""

import json
import re
import time
from dataclasses import replace

import bedrock_simulator
import pytest
from bedrock_simulator.constraints import SAFE_PATTERNS, violations
from bedrock_simulator.errors import HTTP_STATUS
from bedrock_simulator.operations import CONTROL, RUNTIME
from bedrock_simulator.protocol import rest_json
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator_tests.laboratory import Lab

SERVICES = {"bedrock": CONTROL, "bedrock-runtime": RUNTIME}


def shapes(shape, seen):
    if shape.name in seen:
        return
    seen[shape.name] = shape
    members = {"structure": lambda: list(shape.members.values()), "list": lambda: [shape.member],
               "map": lambda: [shape.key, shape.value]}  # fmt: skip
    for member in members.get(shape.type_name, list)():
        shapes(member, seen)


def all_input_shapes():
    seen = {}
    for service, operations in SERVICES.items():
        for operation in operations:
            shapes(rest_json(service).operation_model(operation).input_shape, seen)
    return seen.values()


def test_the_package_exports_what_it_says():
    assert list(bedrock_simulator.__all__) == sorted(bedrock_simulator.__all__)
    assert all(hasattr(bedrock_simulator, name) for name in bedrock_simulator.__all__)


def test_every_exponential_pattern_of_the_model_is_replaced():
    dangerous = {shape.name for shape in all_input_shapes() if "(-*[" in shape.metadata.get("pattern", "")}
    assert dangerous == set(SAFE_PATTERNS)


@pytest.mark.parametrize("text", ["a" + "-" * 60 + "_", "a." * 31 + "!", "s3://" + "a/" * 500 + "%", "a" * 1_999 + "!"])
def test_no_pattern_takes_long(text):
    started = time.process_time()
    for shape in all_input_shapes():
        if shape.type_name == "string":
            list(violations(shape, text))
    assert time.process_time() - started < 2


@settings(deadline=None)
@given(st.text("aZ09+.-_", min_size=1, max_size=10))
def test_the_safe_pattern_of_job_names_means_the_same(name):
    exact = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*")
    assert bool(re.fullmatch(SAFE_PATTERNS["JobName"], name)) == bool(exact.fullmatch(name))


@pytest.mark.parametrize(
    ("method", "path", "operation", "labels"),
    [
        ("GET", "/model-customization-jobs", "ListModelCustomizationJobs", {}),
        ("GET", "/model-customization-jobs/a%2Fb%3A1", "GetModelCustomizationJob", {"jobIdentifier": "a/b:1"}),
        ("GET", "/model-customization-jobs/arn:x/y/z", "GetModelCustomizationJob", {"jobIdentifier": "arn:x/y/z"}),
        ("POST", "/model-customization-jobs/arn:x/y/stop", "StopModelCustomizationJob", {"jobIdentifier": "arn:x/y"}),
        ("PATCH", "/model-customization/custom-model-deployments/d", "UpdateCustomModelDeployment",
         {"customModelDeploymentIdentifier": "d"}),
    ],
)  # fmt: skip
def test_paths_lead_to_operations_encoded_or_not(method, path, operation, labels):
    assert rest_json("bedrock").match(method, path) == (operation, labels)


def test_a_path_of_no_operation_leads_nowhere():
    assert rest_json("bedrock").match("GET", "/nothing") is None


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", "/guardrails"), ("POST", "/evaluation-jobs")]
)
def test_what_is_not_simulated_says_so(lab, method, path):
    request = replace(lab.request("ListCustomModels"), method=method, path=path)
    response = lab.simulator.handle(request)
    assert (response.status, response.headers["x-amzn-errortype"]) == (501, "UnknownOperationException")


def test_every_answer_has_a_request_id_of_its_own(lab):
    answers = [lab.send("ListCustomModels"), lab.send("GetCustomModel", modelIdentifier="x")]
    assert len({answer.headers["x-amzn-requestid"] for answer in answers}) == 2


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"'])
def test_a_body_that_is_no_object_is_malformed(lab, body):
    request = replace(lab.request("CreateModelCustomizationJob"), body=body)
    response = lab.simulator.handle(request)
    assert (response.status, "Malformed" in json.loads(response.body)["message"]) == (400, True)


def test_all_violations_are_told_at_once(lab):
    refused = lab.refusal("CreateModelCustomizationJob", jobName="a_b", hyperParameters={"epochCount": 2})
    assert refused.message.startswith("7 validation errors detected: ")
    for words in (
        "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        "Value 'a_b' at 'jobName' failed to satisfy constraint: Member must satisfy regular expression pattern",
        "Value '2' at 'hyperParameters.epochCount' failed to satisfy constraint: Member must be of type string",
    ):
        assert words in refused.message


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"maxResults": ["0"]}, "greater than or equal to 1"),
        ({"maxResults": ["1001"]}, "less than or equal to 1000"),
        ({"maxResults": ["x"]}, "of type integer"),
        ({"statusEquals": ["Done"]}, "enum value set"),
        ({"creationTimeAfter": ["yesterday"]}, "of type timestamp"),
    ],
)
def test_bad_queries_are_refused(lab, query, words):
    response = lab.simulator.handle(replace(lab.request("ListModelCustomizationJobs"), query=query))
    assert (response.status, words in json.loads(response.body)["message"]) == (400, True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
members = (
    "jobName",
    "roleArn",
    "trainingDataConfig",
    "validationDataConfig",
    "jobTags",
    "hyperParameters",
    "vpcConfig",
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(members), json_values))
def test_any_json_is_refused_politely_and_has_no_effect(document):
    lab = Lab()
    request = replace(lab.request("CreateModelCustomizationJob"), body=json.dumps(document).encode())
    response = lab.simulator.handle(request)
    assert response.status == HTTP_STATUS["ValidationException"]
    assert lab.simulator.ledger() == ()


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_politely_by_the_runtime(body):
    lab = Lab()
    for model in ("anthropic.claude-3-haiku-20240307-v1:0", "amazon.nova-lite-v1:0", "meta.llama3-1-8b-instruct-v1:0"):
        response = lab.send("InvokeModel", modelId=model, body=body)
        assert response.status in {200, 400}


@settings(max_examples=50, deadline=None)
@given(json_values)
def test_any_json_is_refused_politely_or_answered_by_the_runtime(document):
    lab = Lab()
    for model in ("anthropic.claude-3-haiku-20240307-v1:0", "amazon.nova-lite-v1:0", "meta.llama3-1-8b-instruct-v1:0"):
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "system": document,
                "messages": document, "prompt": document, "inferenceConfig": document,
                "stop_sequences": document}  # fmt: skip
        assert lab.send("InvokeModel", modelId=model, body=json.dumps(body).encode()).status in {200, 400}

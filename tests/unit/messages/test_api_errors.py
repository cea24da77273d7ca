"""The error contract: what each of Bedrock's errors is to a caller, and who may try again."""

from __future__ import annotations

import pytest
from botocore.session import Session
from tunedrop.domain.messages import api_errors, bedrock_errors
from tunedrop.errors import CapExceeded, Conflict, InvalidInput, NotFound, Unavailable

# name, status, type, whether the same request may be sent again
BEDROCK = [
    ("ValidationException", 400, "invalid_request_error", False),
    ("AccessDeniedException", 500, "api_error", False),
    ("ResourceNotFoundException", 404, "not_found_error", False),
    ("ServiceQuotaExceededException", 429, "rate_limit_error", True),
    ("ThrottlingException", 429, "rate_limit_error", True),
    ("ModelNotReadyException", 529, "overloaded_error", True),
    ("ServiceUnavailableException", 529, "overloaded_error", True),
    ("ModelTimeoutException", 504, "timeout_error", False),
    ("ModelErrorException", 500, "api_error", False),
    ("ModelStreamErrorException", 500, "api_error", False),
    ("InternalServerException", 500, "api_error", False),
    ("NeverHeardOfException", 500, "api_error", False),
]


@pytest.mark.parametrize(("name", "status", "kind", "again"), BEDROCK)
def test_each_error_of_bedrock_has_its_place(name, status, kind, again):
    error = bedrock_errors.of(name, "words")
    assert (error.status, error.kind, error.again) == (status, kind, again)
    assert error.headers()["x-should-retry"] == ("true" if again else "false")
    assert ("retry-after" in error.headers()) == again


def test_the_same_error_inside_a_stream_is_the_same_error():
    inside, outside = (bedrock_errors.of(name, "x") for name in ("throttlingException", "ThrottlingException"))
    assert (inside.code, inside.status) == (outside.code, outside.status) == ("throttled", 429)


def test_every_error_that_the_service_model_declares_has_a_place():
    model = Session().get_service_model("bedrock-runtime")
    declared = {
        shape.name
        for name in ("InvokeModelWithResponseStream", "ConverseStream")
        for shape in model.operation_model(name).error_shapes
    }
    assert declared <= {name for name, *_ in BEDROCK}


def test_only_words_that_help_the_caller_are_passed_on():
    assert bedrock_errors.of("ValidationException", "max_tokens: too large").message.endswith("max_tokens: too large")
    denied = bedrock_errors.of("AccessDeniedException", "role arn:aws:iam::1:role/x is not authorized")
    assert "arn:" not in denied.message
    assert denied.source == "AccessDeniedException"


def test_the_body_is_the_contracts():
    error = api_errors.invalid("max_tokens", "Expected `int` >= 1")
    assert error.body("req-1") == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "max_tokens: Expected `int` >= 1",
            "details": {"error_code": "invalid_request"},
        },
        "request_id": "req-1",
    }


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (InvalidInput("c", "m"), 400),
        (NotFound("c", "m"), 404),
        (Conflict("c", "m"), 400),
        (CapExceeded("c", "m"), 400),
        (Unavailable("c", "m"), 529),
    ],
)
def test_the_applications_own_faults_have_a_status_here(fault, status):
    assert api_errors.of(fault).status == status

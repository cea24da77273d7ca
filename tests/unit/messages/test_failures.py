"""What AWS and the network raise, in the contract's words."""

from __future__ import annotations

import pytest
import urllib3.exceptions
from botocore import eventstream, exceptions
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.edges.bedrock import caught_errors
from tunedrop.edges.bedrock.model_streams import ModelStream
from tunedrop.errors import InvalidInput
from urllib3 import HTTPConnectionPool

URL = "https://bedrock-runtime.us-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("raised", "status", "code", "again"),
    [
        (exceptions.EndpointConnectionError(endpoint_url=URL), 529, "bedrock_unreachable", True),
        (exceptions.ConnectTimeoutError(endpoint_url=URL), 529, "bedrock_unreachable", True),
        (exceptions.ReadTimeoutError(endpoint_url=URL), 504, "bedrock_silent", False),
        (
            urllib3.exceptions.ReadTimeoutError(HTTPConnectionPool("api.test"), URL, "slow"),
            504,
            "bedrock_silent",
            False,
        ),
        (urllib3.exceptions.ProtocolError("cut"), 500, "stream_broken", False),
        (exceptions.ConnectionClosedError(endpoint_url=URL), 500, "stream_broken", False),
        (eventstream.ChecksumMismatch(1, 2), 500, "stream_broken", False),
        (ConnectionResetError(), 500, "stream_broken", False),
        (exceptions.ParamValidationError(report="secret words"), 400, "invalid_request", False),
    ],
)
def test_only_a_connection_that_was_never_made_may_be_tried_again(raised, status, code, again):
    with pytest.raises(ApiError) as caught, caught_errors.of_bedrock():
        raise raised
    error = caught.value
    assert (error.status, error.code, error.again) == (status, code, again)
    assert "secret words" not in error.message + error.source


def test_a_defect_is_not_taken_for_bedrocks_fault():
    with pytest.raises(KeyError), caught_errors.of_bedrock():
        raise KeyError("mine")


def test_the_applications_own_faults_keep_their_code():
    assert caught_errors.in_contract(InvalidInput("unknown_base_model", "m")).code == "unknown_base_model"


def test_an_event_that_is_no_chunk_is_an_error():
    with pytest.raises(ApiError, match="not a chunk"):
        list(ModelStream([{"weather": {}}]).chunks())

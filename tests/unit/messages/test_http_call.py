"""Calls as API Gateway hands them over."""

from __future__ import annotations

import base64

import pytest
from tunedrop.domain.messages import http_call
from tunedrop.domain.messages.api_errors import ApiError


def call(**event) -> http_call.Call:
    return http_call.from_event({"httpMethod": "POST", "path": "/v1/messages", **event})


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"X-Api-Key": "td_a"}, "td_a"),
        ({"x-api-key": " td_a "}, "td_a"),
        ({"Authorization": "Bearer td_b"}, "td_b"),
        ({"authorization": "bearer  td_b"}, "td_b"),
        ({"X-Api-Key": "td_a", "Authorization": "Bearer td_b"}, "td_a"),
        ({"Authorization": "Basic td_b"}, None),
        ({"Authorization": "Bearer "}, None),
        ({"x-api-key": ""}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_key_is_found_as_each_sdk_version_sends_it(headers, secret):
    assert call(headers=headers).secret == secret


def test_a_body_comes_as_text_or_as_base64():
    assert call(body='{"a": "é"}').body() == '{"a": "é"}'.encode()
    assert call(body=base64.b64encode(b"\xff{").decode(), isBase64Encoded=True).body() == b"\xff{"
    assert call(body=None).body() == b""


def test_broken_base64_is_the_callers_mistake():
    with pytest.raises(ApiError, match="not valid base64"):
        call(body="*", isBase64Encoded=True).body()


def test_a_body_that_is_too_large_says_how_large_it_may_be():
    with pytest.raises(ApiError, match="6,000,000 bytes") as caught:
        call(body="x" * 6_000_001).body()
    assert (caught.value.status, caught.value.kind) == (413, "request_too_large")

"""Somebody who calls ControlApi: requests as API Gateway hands them over, answers as (status, body)."""

from __future__ import annotations

from typing import Any

import control_api

from tests import builders

Answer = tuple[int, Any]


def call(method: str, path: str, body: Any = None, *, key: str | None = None, query: Any = None) -> Answer:
    """One request, signed by the usual caller; `key` is its Idempotency-Key."""
    headers = {"Idempotency-Key": key} if key else None
    event = builders.api_request(method, path, body=body, headers=headers, query=query)
    context: Any = builders.LambdaContext()
    return builders.api_answer(control_api.handler(event, context))


def refused(answer: Answer) -> tuple[int, str]:
    """Status and code of an error."""
    status, body = answer
    return status, body["error"]["code"]

"""Somebody who calls ControlApi: requests as API Gateway hands them over, answers as (status, body)."""

from __future__ import annotations

from typing import Any

import control_api
from tunedrop.edges.cloud import Cloud
from tunedrop.routes import application

from tests import builders

Answer = tuple[int, Any]


def call(
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    query: Any = None,
    cloud: Cloud | None = None,
    caller: str | None = None,
) -> Answer:
    """One request; `key` is its Idempotency-Key. Where they are not said, the usual caller and the handler's cloud."""
    headers = {"Idempotency-Key": key} if key else None
    event = builders.api_request(method, path, body=body, headers=headers, query=query, caller=caller)
    context: Any = builders.LambdaContext()
    answered = application.answer(event, context, cloud) if cloud else control_api.handler(event, context)
    return builders.api_answer(answered)


def refused(answer: Answer) -> tuple[int, str]:
    """Status and code of an error."""
    status, body = answer
    return status, body["error"]["code"]

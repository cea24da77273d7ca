"""The mapping from faults to HTTP statuses, and the one format of all errors of ControlApi."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel

from tunedrop.errors import CapExceeded, Conflict, InvalidInput, NotFound, TunedropError, Unavailable

STATUS_OF: Mapping[type[TunedropError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    CapExceeded: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

STATUS_OF_CODE: Mapping[str, HTTPStatus] = {
    **dict.fromkeys(("idempotency_key_required", "invalid_idempotency_key", "malformed_json"), HTTPStatus.BAD_REQUEST),
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
"""Requests that can't be understood at all, as against ones that ask for what can't be."""
MOST_PROBLEMS, LONGEST_FIELD = 20, 200
"""Of one request, told in its answer: a body can hold so many that Lambda could not hand the answer over (6 MB)."""


class ErrorContent(BaseModel):
    """What went wrong: a stable code, a message for people, and details for programs."""

    code: str
    message: str
    details: dict[str, Any]
    request_id: str


class ErrorAnswer(BaseModel):
    """The body of every error."""

    error: ErrorContent


def status_of(error: TunedropError) -> HTTPStatus:
    """The HTTP status of a fault."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))


def response(status: HTTPStatus, code: str, message: str, details: Mapping[str, Any], request_id: str) -> Response[str]:
    """An error answer of ControlApi, with Retry-After and Allow if `details` has what they say."""
    body = {"error": {"code": code, "message": message, "details": dict(details), "request_id": request_id}}
    headers: dict[str, str | list[str]] = {}
    if "retry_after_seconds" in details:
        headers["Retry-After"] = str(details["retry_after_seconds"])
    if "allowed" in details and status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(details["allowed"])
    return Response(status.value, "application/json", json.dumps(body, ensure_ascii=False), headers=headers)


def of_fault(error: TunedropError, request_id: str) -> Response[str]:
    """The answer for one of the application's own errors."""
    return response(status_of(error), error.code, error.message, error.details, request_id)


def unparsed(error: TunedropError, request_id: str) -> dict[str, Any]:
    """The same for a request that was refused before it was parsed, as API Gateway takes it."""
    answer = of_fault(error, request_id)
    return {
        "statusCode": answer.status_code,
        "headers": {"Content-Type": answer.content_type},
        "body": answer.body,
        "isBase64Encoded": False,
    }


def of_validation(error: RequestValidationError, request_id: str) -> Response[str]:
    """The answer for what pydantic refused in query, path or body: its problems, each with its field's path."""
    found = error.errors()
    problems = [
        {
            "field": (".".join(str(part) for part in problem["loc"][1:]) or str(problem["loc"][0]))[:LONGEST_FIELD],
            "problem": problem["msg"],
        }
        for problem in found[:MOST_PROBLEMS]
    ]
    if any(problem["type"] == "json_invalid" for problem in found):
        return response(HTTPStatus.BAD_REQUEST, "malformed_json", "The body is not valid JSON.", {}, request_id)
    words = "; ".join(f"{problem['field']}: {problem['problem']}" for problem in problems)
    if more := len(found) - len(problems):
        words = f"{words}; and {more:,} more"
    return response(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{words}.", {"problems": problems}, request_id)

"""ControlApi as one application: its routes and its error handlers."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from tunedrop.edges.observability import logger, traced
from tunedrop.errors import InvalidInput, TunedropError, Unavailable
from tunedrop.routes import (
    base_model_routes,
    dataset_routes,
    deletion_routes,
    deployment_routes,
    error_answers,
    job_routes,
    joined_upload_routes,
    key_routes,
    metric_routes,
    upload_link_routes,
)


def _strict_json(text: str) -> Any:
    """Parse JSON, refusing NaN, infinities and repeated keys. Raises InvalidInput `malformed_json`."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats)
    except RecursionError:
        raise InvalidInput("malformed_json", "The body is nested too deeply.") from None
    except ValueError as error:
        raise InvalidInput("malformed_json", f"The body is not valid JSON: {error}.") from None


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"the key {min(repeated)!r} appears twice")
    return dict(pairs)


app = APIGatewayRestResolver(enable_validation=True, json_body_deserializer=_strict_json)
for routes in (
    base_model_routes,
    dataset_routes,
    upload_link_routes,
    joined_upload_routes,
    deletion_routes,
    job_routes,
    metric_routes,
    deployment_routes,
    key_routes,
):
    app.include_router(routes.router)


@app.exception_handler(TunedropError)
def _fault(error: TunedropError) -> Response[str]:
    if isinstance(error, Unavailable):
        logger.warning("unavailable", extra={"code": error.code, "cause": str(error.__cause__ or "")})
    return error_answers.of_fault(error, app.current_event.request_context.request_id)


@app.exception_handler(RequestValidationError)
def _invalid(error: RequestValidationError) -> Response[str]:
    return error_answers.of_validation(error, app.current_event.request_context.request_id)


@app.exception_handler(Exception)
def _defect(error: Exception) -> Response[str]:
    """Answer 500 for a fault of AWS or a defect of ours. Only the log says what and where."""
    logger.error("unexpected", extra=traced(error))
    request_id = app.current_event.request_context.request_id
    message = "Something went wrong here. The same request may be sent again, with the same Idempotency-Key."
    return error_answers.response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", message, {}, request_id)


@app.not_found
def _no_route(_: NotFoundError) -> Response[str]:
    event = app.current_event
    message = f"There is no {event.http_method} {event.path}. docs/api.md lists what there is."
    return error_answers.response(HTTPStatus.NOT_FOUND, "unknown_route", message, {}, event.request_context.request_id)

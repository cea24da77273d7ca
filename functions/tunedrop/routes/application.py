"""ControlApi as one application: its routes and its error handlers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from tunedrop.edges import faults
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.errors import InvalidInput, TunedropError, Unavailable
from tunedrop.routes import (
    base_model_routes,
    cost_routes,
    dataset_routes,
    deletion_routes,
    deployment_routes,
    error_answers,
    evaluation_routes,
    job_routes,
    joined_upload_routes,
    key_routes,
    metric_routes,
    model_routes,
    request_checks,
    upload_link_routes,
    usage_routes,
)

app = APIGatewayRestResolver(enable_validation=True, json_body_deserializer=request_checks.parse_json)
app.use([request_checks.refuse_unknown_parameters])
for routes in (
    base_model_routes,
    dataset_routes,
    upload_link_routes,
    joined_upload_routes,
    deletion_routes,
    job_routes,
    metric_routes,
    model_routes,
    deployment_routes,
    cost_routes,
    evaluation_routes,
    key_routes,
    usage_routes,
):
    app.include_router(routes.router)


def answer(event: dict[str, Any], context: LambdaContext, cloud: Cloud) -> dict[str, Any]:
    """One request in, one answer out, as API Gateway hands them over."""
    try:
        admitted = request_checks.admit(event)
    except InvalidInput as error:
        return error_answers.unparsed(error, event["requestContext"]["requestId"])
    app.append_context(cloud=cloud)
    return app.resolve(admitted, context)


@app.exception_handler(TunedropError)
def _fault(error: TunedropError) -> Response[str]:
    if isinstance(error, Unavailable):
        logger.warning("unavailable", extra={"code": error.code, **traced(error.__cause__ or error)})
    return error_answers.of_fault(error, app.current_event.request_context.request_id)


@app.exception_handler(RequestValidationError)
def _invalid(error: RequestValidationError) -> Response[str]:
    return error_answers.of_validation(error, app.current_event.request_context.request_id)


@app.exception_handler(Exception)
def _defect(error: Exception) -> Response[str]:
    """Answer 503 for a fault of AWS that may pass, 500 for a defect of ours. Only the log says what and where."""
    request_id = app.current_event.request_context.request_id
    if faults.may_pass(error):
        logger.warning("unavailable", extra=traced(error))
        message = "AWS did not answer in time. The same request may be sent again, with the same Idempotency-Key."
        return error_answers.of_fault(Unavailable("aws_unavailable", message, retry_after_seconds=2), request_id)
    logger.error("unexpected", extra=traced(error))
    message = "Something went wrong here. The same request may be sent again, with the same Idempotency-Key."
    return error_answers.response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", message, {}, request_id)


@app.not_found
def _no_route(_: NotFoundError) -> Response[str]:
    event = app.current_event
    method, path, request_id = event.http_method, event.path, event.request_context.request_id
    if allowed := sorted({route.method for route in request_checks.routes_of(app) if route.rule.match(path)}):
        message = f"{path[:80]} takes {', '.join(allowed)}, and no {method[:20]}."
        status, details = HTTPStatus.METHOD_NOT_ALLOWED, {"allowed": allowed}
        return error_answers.response(status, "method_not_allowed", message, details, request_id)
    message = f"There is no {method[:20]} {path[:80]}. docs/api.md lists what there is."
    return error_answers.response(HTTPStatus.NOT_FOUND, "unknown_route", message, {}, request_id)

"""Answer any call to MessagesApi: by its route, or with an error in the words of the contract that the caller reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tunedrop.actions.messages import answer_call, count_tokens, list_models
from tunedrop.domain.messages import api_routes
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_routes import Contract
from tunedrop.domain.messages.http_call import Call
from tunedrop.edges import usage_metrics
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.streamed_response import StreamedResponse, json_response

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


def respond(
    call: Call,
    cloud: Cloud,
    runtime: Callable[[bool], BedrockRuntimeClient],
    *,
    remaining_ms: Callable[[], int],
    request_id: str,
) -> StreamedResponse:
    """The HTTP answer to any call; never raises. `runtime`: the client for a model's answer, whole (True) or streamed.

    Waits for the model's first event before it returns, so that errors up to then still get their own HTTP status.
    """
    try:
        route = api_routes.of(call)
        if route.operation == "models":
            return list_models.answer(call, route.model, cloud, request_id)
        if route.operation == "count_tokens":
            return count_tokens.answer(call, cloud, request_id)
        return answer_call.answer(
            call, route.operation, cloud, runtime, remaining_ms=remaining_ms, request_id=request_id
        )
    except Exception as error:  # noqa: BLE001 - every failure has an answer in this contract
        return _refusal(answer_call.api_error(error), api_routes.contract_of(call), request_id)


def _refusal(error: ApiError, contract: Contract, request_id: str) -> StreamedResponse:
    usage_metrics.refused(error)
    body = error.openai_body() if contract == "openai" else error.body(request_id)
    headers = {**error.headers(), "request-id": request_id}
    if contract == "openai":
        headers["x-request-id"] = request_id
    return json_response(error.status, body, headers)

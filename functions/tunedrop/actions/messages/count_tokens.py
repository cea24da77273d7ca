"""Count a request's tokens: an estimate, and the answer says so, because Bedrock counts for no tuned model."""

from __future__ import annotations

from tunedrop.actions.messages import answer_call, manage_keys
from tunedrop.domain.messages import messages_request, prompt_tokens
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.http_call import Call
from tunedrop.domain.messages.messages_request import MessagesRequest
from tunedrop.domain.texts import tokens
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.streamed_response import StreamedResponse, json_response


def answer(call: Call, cloud: Cloud, request_id: str) -> StreamedResponse:
    """The estimated input tokens of a request to a deployment that the key may call. Raises ApiError."""
    asked = _authenticated(call, cloud)
    deployment = answer_call.visible(asked.model, cloud)
    told = {"request-id": request_id, "tunedrop-tokens": f"estimate; {tokens.ESTIMATOR}"}
    return json_response(200, {"input_tokens": prompt_tokens.estimate(asked, deployment.base_model)}, told)


def _authenticated(call: Call, cloud: Cloud) -> MessagesRequest:
    try:
        asked = messages_request.parse(call.body(), counting=True)
    except ApiError:
        manage_keys.authenticate(call.secret, None, cloud)
        raise
    manage_keys.authenticate(call.secret, asked.model, cloud)
    return asked

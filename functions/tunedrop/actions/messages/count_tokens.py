"""Count a request's tokens: an estimate, and the answer says so, because Bedrock counts for no tuned model."""

from __future__ import annotations

from tunedrop.actions.messages import admit_call, find_target
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.domain.messages import messages_request, prompt_size
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.http_call import Call
from tunedrop.domain.messages.messages_request import MessagesRequest
from tunedrop.domain.texts import tokens
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.streamed_response import StreamedResponse, json_response


def answer(call: Call, cloud: Cloud, request_id: str) -> StreamedResponse:
    """The estimated input tokens of a request to a deployment that the key may call. Raises ApiError."""
    asked = _admitted(call, cloud)
    if find_target.load(asked.model, cloud) is None:
        raise find_target.refusal(asked.model, None)
    told = {"request-id": request_id, "tunedrop-tokens": f"estimate; {tokens.ESTIMATOR}"}
    return json_response(200, {"input_tokens": prompt_size.estimate(asked)}, told)


def _admitted(call: Call, cloud: Cloud) -> MessagesRequest:
    """The request. A wrong key is refused before a wrong body, so strangers learn nothing."""
    try:
        asked = messages_request.parse_prompt(call.body())
    except ApiError:
        admit_call.admit(call.secret, CallWanted(), cloud)
        raise
    admit_call.admit(call.secret, CallWanted(asked.model), cloud)
    return asked

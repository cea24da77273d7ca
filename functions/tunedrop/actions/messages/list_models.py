"""List the deployments that a key may call, in one body that Anthropic's and OpenAI's clients both read."""

from __future__ import annotations

from collections.abc import Iterable

from tunedrop.actions.messages import admit_call
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.domain.messages import model_list
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.messages.http_call import Call
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.streamed_response import StreamedResponse, json_response


def answer(call: Call, name: str | None, cloud: Cloud, request_id: str) -> StreamedResponse:
    """The list, or the one model of that name. Raises ApiError."""
    key = admit_call.admit(call.secret, CallWanted(name), cloud).key
    headers = {"request-id": request_id, "x-request-id": request_id}
    if name is None:
        return json_response(200, model_list.page(_callable(key, cloud), call.parameters), headers)
    found = deployment_rows.load(cloud.state, name)
    if found is None or not model_list.answers(found):
        raise ApiError("not_found_error", "unknown_deployment", f"model: there is no deployment {name!r} to call.")
    return json_response(200, model_list.entry(found), headers)


def _callable(key: ApiKey, cloud: Cloud) -> list[Deployment]:
    return [found for found in _in_scope(key, cloud) if model_list.answers(found)]


def _in_scope(key: ApiKey, cloud: Cloud) -> Iterable[Deployment]:
    if key.deployments is None:
        return [deployment_rows.deployment_from(row) for row in cloud.state.listing(deployment_rows.KIND).rows]
    named = (deployment_rows.load(cloud.state, name) for name in sorted(key.deployments))
    return [found for found in named if found is not None]

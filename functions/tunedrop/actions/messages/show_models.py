"""What a key may call, in one body that Anthropic's and OpenAI's clients both read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from tunedrop.actions.messages import admit_call, find_target
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.domain.base_models.catalogue import find
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.serving.deployment_states import ENDED, Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows


def listed(secret: str | None, cloud: Cloud) -> dict[str, Any]:
    """All deployments that the key may call and that have not ended, newest first. Raises ApiError."""
    key = admit_call.admit(secret, CallWanted(), cloud).key
    found = [_model(each) for each in _callable(key, cloud)]
    ends = {"first_id": found[0]["id"] if found else None, "last_id": found[-1]["id"] if found else None}
    return {"object": "list", "data": found, "has_more": False, **ends}


def one(secret: str | None, name: str, cloud: Cloud) -> dict[str, Any]:
    """The deployment of that name. Raises ApiError, `permission_error` if the key may not call it."""
    admit_call.admit(secret, CallWanted(name), cloud)
    deployment = find_target.load(name, cloud)
    if deployment is None or deployment.state in ENDED:
        raise find_target.refusal(name, deployment)
    return _model(deployment)


def _callable(key: ApiKey, cloud: Cloud) -> Iterator[Deployment]:
    known: Iterator[Deployment]
    if key.deployments is None:
        known = (deployment_rows.deployment_from(row) for row in cloud.state.listing(deployment_rows.KIND).rows)
    else:
        loaded = [found for name in key.deployments if (found := find_target.load(name, cloud))]
        known = iter(sorted(loaded, key=lambda each: each.created_at, reverse=True))
    return (each for each in known if not each.hidden and each.state not in ENDED)


def _model(deployment: Deployment) -> dict[str, Any]:
    created = deployment.created_at.astimezone(UTC).replace(microsecond=0)
    return {
        "type": "model",
        "object": "model",
        "id": deployment.name,
        "display_name": f"{deployment.name} ({find(deployment.base_model).title}, tuned)",
        "created_at": created.isoformat().replace("+00:00", "Z"),
        "created": int(created.timestamp()),
        "owned_by": deployment.owner,
    }

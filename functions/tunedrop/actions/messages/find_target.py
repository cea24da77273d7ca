"""Find the deployment that a call names: kept in this process for a few seconds, so that a busy one is read seldom."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows

KEPT = timedelta(seconds=5)
WAIT_SECONDS = 30
"""The `retry-after` for a deployment that is not ready yet."""


@cache
def known() -> dict[str, tuple[datetime, Deployment]]:
    """The deployments that answer, and when each was read."""
    return {}


def load(name: str, cloud: Cloud) -> Deployment | None:
    """The deployment of that name that callers see, as it was at most 5 s ago; None if there is none."""
    now = cloud.now()
    read_at, found = known().get(name) or (None, None)
    if read_at and read_at <= now < read_at + KEPT:
        return found
    known().pop(name, None)
    deployment = deployment_rows.load(cloud.state, name)
    if deployment is None or deployment.hidden:
        return None
    if answers(deployment):
        known()[name] = (now, deployment)
    return deployment


def reconsider(deployment: Deployment | None, failure: ApiError) -> None:
    """Read the deployment anew at its next call if Bedrock no longer has what it led to."""
    if deployment and failure.code == "deployment_gone":
        known().pop(deployment.name, None)


def answers(deployment: Deployment) -> bool:
    """Whether it can be called now."""
    return deployment.state in {"Ready", "Updating"} and deployment.arn is not None


def refusal(name: str, deployment: Deployment | None) -> ApiError:
    """Why this deployment, which does not answer, can't be called."""
    if deployment is None:
        return ApiError("not_found_error", "unknown_deployment", f"model: there is no deployment {name!r}.")
    state = deployment.state
    if state in ("Creating", "Updating", "Ready"):
        return ApiError(
            "overloaded_error",
            "deployment_not_ready",
            f"Deployment {name!r} is {state}; call it when it is Ready.",
            again=True,
            retry_after=WAIT_SECONDS,
        )
    why = f": {deployment.failure}" if deployment.failure else ""
    return ApiError("not_found_error", f"deployment_{state.lower()}", f"Deployment {name!r} is {state}{why}.")

"""Deployments as models of the Messages API: one body with the fields of Anthropic's list and of OpenAI's. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from tunedrop.domain.messages.api_errors import invalid
from tunedrop.domain.serving.deployment_states import Deployment

MOST = 1_000
"""Models in one page, and the page of whoever asks for no number: OpenAI's clients read one page only."""


def answers(deployment: Deployment) -> bool:
    """Whether a call to it reaches a model now."""
    return not deployment.hidden and deployment.state in {"Ready", "Updating"} and deployment.arn is not None


def entry(deployment: Deployment) -> dict[str, Any]:
    """One model: `type`, `display_name`, `created_at` are Anthropic's, `object`, `created`, `owned_by` OpenAI's."""
    created = deployment.created_at.astimezone(UTC)
    return {
        "type": "model",
        "id": deployment.name,
        "display_name": f"{deployment.name} ({deployment.dataset}@{deployment.version}, {deployment.base_model})",
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "object": "model",
        "created": int(created.timestamp()),
        "owned_by": deployment.dataset,
    }


def page(deployments: Sequence[Deployment], query: Mapping[str, str]) -> dict[str, Any]:
    """The page that `limit`, `after_id` and `before_id` ask for, by name. Raises ApiError for another limit."""
    limit = _limit(query.get("limit"))
    after, before = query.get("after_id", ""), query.get("before_id")
    named = sorted(deployments, key=lambda each: each.name)
    left = [each for each in named if each.name > after and (before is None or each.name < before)]
    shown = left[-limit:] if before is not None else left[:limit]
    return {
        "object": "list",
        "data": [entry(each) for each in shown],
        "has_more": len(left) > len(shown),
        "first_id": shown[0].name if shown else None,
        "last_id": shown[-1].name if shown else None,
    }


def _limit(written: str | None) -> int:
    if written is None:
        return MOST
    if not written.isascii() or not written.isdigit() or len(written) > 4 or not 1 <= int(written) <= MOST:
        raise invalid("limit", f"must be 1 to {MOST:,}")
    return int(written)

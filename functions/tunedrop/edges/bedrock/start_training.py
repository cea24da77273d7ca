"""Start and stop training jobs in Bedrock: the only module that makes these calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.edges.bedrock.call_outcomes import AnsweredCall, sent

if TYPE_CHECKING:
    from tunedrop.edges.clients import Spender


_FOR_A_WHILE = frozenset({"AccessDeniedException"})
"""A stack's policies reach Bedrock seconds to minutes after its deploy; `job_steps` says for how long to wait."""


def create_job(spender: Spender, request: Mapping[str, Any]) -> AnsweredCall:
    """Start training: the only function that does. `request` is the exact CreateModelCustomizationJob request."""
    return sent(lambda: spender.create_model_customization_job(**request), "jobArn", not_now=_FOR_A_WHILE)


def stop_job(spender: Spender, arn: str) -> AnsweredCall:
    """Ask Bedrock to stop the job; it charges for what was trained so far (docs/facts.md#job-states)."""
    return sent(lambda: spender.stop_model_customization_job(jobIdentifier=arn))

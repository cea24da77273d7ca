"""Deleting the custom model that a job made: asked for first, then carried out by whoever may. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.errors import Conflict


@dataclass(frozen=True, slots=True)
class ModelDeletion:
    """Who asked for it, and how far it has come."""

    asked_by: str
    asked_at: datetime
    sent_at: datetime | None = None
    """When Bedrock was first asked to delete it."""
    deleted_at: datetime | None = None
    refusal: Refusal | None = None
    """Why it was given up; it may be asked for again."""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be carried out."""
        return self.deleted_at is None and self.refusal is None


def is_kept(deletion: ModelDeletion | None) -> bool:
    """Whether the model may be used: nobody asked for its deletion, or that was given up."""
    return deletion is None or deletion.refusal is not None


def ask(before: ModelDeletion | None, caller: str, now: datetime) -> ModelDeletion:
    """The deletion once it is asked for. One that is on its way, or done, stays as it is."""
    if before and before.refusal is None:
        return before
    return ModelDeletion(caller, now)


def send(deletion: ModelDeletion, now: datetime) -> ModelDeletion:
    """The deletion just before Bedrock is asked for it."""
    return replace(deletion, sent_at=deletion.sent_at or now)


def finish(deletion: ModelDeletion, now: datetime) -> ModelDeletion:
    """The deletion once the model is gone."""
    return replace(deletion, deleted_at=now)


def give_up(deletion: ModelDeletion, refusal: Refusal) -> ModelDeletion:
    """The deletion once it can't be: the model stays, and may be served again."""
    return replace(deletion, refusal=refusal)


def in_use(model: str, deployments: Sequence[str], jobs: Sequence[str]) -> Conflict | None:
    """The refusal of a deletion while something serves the model or learns from it; None if nothing does."""
    if deployments:
        return Conflict(
            "model_deployed",
            f"Custom model {model} is served by {', '.join(deployments)}. Release that first: "
            f"tunedrop deployments delete {deployments[0]}",
            model=model,
            deployments=list(deployments),
        )
    if jobs:
        return Conflict(
            "model_learnt_from",
            f"Job {', '.join(jobs)} tunes custom model {model} further and has not ended. Wait for it, or stop it.",
            model=model,
            jobs=list(jobs),
        )
    return None


def being_deleted(model: str) -> Conflict:
    """The refusal of whatever would use a model that is deleted or being deleted."""
    return Conflict("model_deleted", f"Custom model {model} is deleted, or being deleted.", model=model)

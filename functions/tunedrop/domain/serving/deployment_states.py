"""A deployment: a named way to call a custom model, whatever capacity serves it. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving.purchase_states import Swap
from tunedrop.domain.versions import object_keys
from tunedrop.errors import InvalidInput

DeploymentState = Literal["Creating", "Ready", "Updating", "Releasing", "Released", "Failed"]

HiddenState = Literal["Creating", "Evaluating", "Held"]
"""Before its gate opens: its capacity is on its way; its evaluation asks it; a person is to decide."""
ShownState = Literal["Creating", "Evaluating", "Held", "Ready", "Updating", "Releasing", "Released", "Failed"]

ENDED: frozenset[DeploymentState] = frozenset({"Released", "Failed"})
"""States that cost nothing and are final, unless a new generation reuses the name."""
MOST_HISTORY = 100
"""Entries: a deployment may be renewed for years, and its row must stay small."""


def _shown(state: DeploymentState, hidden: HiddenState | None) -> ShownState:
    return hidden if hidden and state == "Creating" else state


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a deployment's state, and why."""

    time: datetime
    state: DeploymentState
    note: str
    hidden: HiddenState | None = None
    """How far it was behind its gate, which earlier releases take for Creating."""

    @property
    def shown(self) -> ShownState:
        """The state as people are told it."""
        return _shown(self.state, self.hidden)


@dataclass(frozen=True, slots=True)
class Beside:
    """A unit of capacity beside the one that serves: the next generation on its way, or the one before going."""

    generation: int
    job_id: str
    """Whose model it serves."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment's head row, which callers see. Each generation's paid capacity is a `Purchase`."""

    name: str
    state: DeploymentState
    serving: Serving
    base_model: str
    job_id: str
    dataset: str
    version: int
    generation: int
    """Counts reuses of the name after a deployment ended, so that a late message for an old one can't buy again."""
    owner: str
    model_units: int
    """0 for on-demand."""
    created_at: datetime
    model_arn: str | None = None
    arn: str | None = None
    """The `modelId` for inference: a provisioned throughput or an on-demand custom-model deployment."""
    expires_at: datetime | None = None
    failure: str | None = None
    previous_job_id: str | None = None
    """The job whose model it served before this one, in the same generation."""
    beside: Beside | None = None
    """The unit that may be billed beside this generation's, if there is one."""
    idle_minutes: int | None = None
    """Released once nobody has called it for so long; None: only at its end."""
    hidden: HiddenState | None = None
    """How far it is where a gate has not let it live, which earlier releases take for Creating; callers do not see it,
    also once it ends so. None: there is no gate, or it has opened."""
    history: tuple[HistoryEntry, ...] = ()
    revision: int = 0
    """Counts writes of the row; every write is conditional on the revision it read."""

    @property
    def shown(self) -> ShownState:
        """Its state as people are told it."""
        return _shown(self.state, self.hidden)


def move(deployment: Deployment, state: DeploymentState, note: str, now: datetime) -> Deployment:
    """The deployment in `state`, with a history entry; unchanged if it is in that state already."""
    return deployment if state == deployment.state else _noted(replace(deployment, state=state), note, now)


def change_end(deployment: Deployment, expires_at: datetime | None, note: str, now: datetime) -> Deployment:
    """The deployment with another end; None: not known yet, because it counts from a purchase to come."""
    return _noted(replace(deployment, expires_at=expires_at), note, now)


def change_idle(deployment: Deployment, minutes: int | None, note: str, now: datetime) -> Deployment:
    """The deployment with another time without calls after which it is released; None: never."""
    return _noted(replace(deployment, idle_minutes=minutes), note, now)


def _noted(deployment: Deployment, note: str, now: datetime) -> Deployment:
    entry = HistoryEntry(now, deployment.state, note, deployment.hidden)
    return replace(deployment, history=(*deployment.history, entry)[-MOST_HISTORY:])


def note(deployment: Deployment, words: str, now: datetime) -> Deployment:
    """The deployment with something to read about its state."""
    return _noted(deployment, words, now)


def become_ready(deployment: Deployment, now: datetime, note: str = "Bedrock says it can be called") -> Deployment:
    """The deployment once it can be called."""
    return move(replace(deployment, hidden=None), "Ready", note, now)


def hide(deployment: Deployment, hidden: HiddenState, note: str, now: datetime) -> Deployment:
    """The deployment further on the way to its gate."""
    return _noted(replace(deployment, hidden=hidden), note, now)


def begin_swap(deployment: Deployment, reason: str, now: datetime) -> Deployment:
    """The deployment while another model is put behind it; it can be called meanwhile, and the model before answers."""
    return move(deployment, "Updating", reason, now)


def end_swap(deployment: Deployment, done: Swap | None, note: str, now: datetime) -> Deployment:
    """The deployment once it serves the other model, or, without one, goes on with the model before."""
    if done is None:
        return move(deployment, "Ready", note, now)
    swapped = replace(
        deployment,
        previous_job_id=deployment.job_id,
        job_id=done.job_id,
        dataset=done.dataset,
        version=done.version,
        model_arn=done.model_arn,
    )
    return move(swapped, "Ready", note, now)


def begin_release(deployment: Deployment, reason: str, now: datetime) -> Deployment:
    """The deployment once it can no longer be called; it may still be billed."""
    return move(deployment, "Releasing", reason, now)


def end(deployment: Deployment, state: DeploymentState, reason: str, failure: str | None, now: datetime) -> Deployment:
    """The deployment once nothing is billed for it, or if nothing ever was."""
    return move(replace(deployment, failure=failure), state, failure or reason, now)


def check_name(name: str, base_models: Container[str], *, field: str = "deployment.name") -> None:
    """Raises InvalidInput for a malformed name, or for a base model's: callers could take it for the untuned model."""
    if not object_keys.is_name(name):
        raise InvalidInput(
            "invalid_deployment_name",
            f"{name[:80]!r} can't name a deployment. {object_keys.NAMES_ALLOWED}",
            field=field,
            pattern=object_keys.NAME_PATTERN,
        )
    if name in base_models:
        raise InvalidInput(
            "deployment_name_reserved",
            f"{name!r} is the name of a base model; a deployment needs another one.",
            field=field,
        )

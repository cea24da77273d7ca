"""A request to start an evaluation, as the caller wrote it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.gate import Gate, OnInsufficient

BASE = "base"
"""Stands for the base model of the candidate that is judged."""


@dataclass(frozen=True, slots=True)
class StartEvaluation:
    """A request to start an evaluation, as the caller wrote it."""

    dataset: str
    candidate: str
    """A deployment or base model: the one that is judged."""
    against: tuple[str, ...] = (BASE,)
    """What it is judged against, the declared contrast first: deployments, base models, or BASE."""
    version: int | None = None
    """None: the newest accepted one."""
    metric: MetricName | None = None
    """None: the one that fits the references."""
    margin: float = 0.03
    """The difference of mean scores that makes no difference, 0 to 1."""
    gate: Gate = "none"
    on_insufficient: OnInsufficient = "hold"
    max_records: int = 1_000
    plan_id: str | None = None
    """Confirms exactly the plan with this id."""

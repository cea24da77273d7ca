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
    """What it is judged against, the declared contrast first: deployments, base models, BASE, or `answers/<file>`."""
    version: int | None = None
    """None: the newest accepted one."""
    metric: MetricName | None = None
    """None: the one that fits the references."""
    margin: float = 0.03
    """The difference of mean scores that makes no difference, 0 to 1."""
    gate: Gate = "none"
    on_insufficient: OnInsufficient = "hold"
    max_records: int = 1_000
    group_by: str | None = None
    """A kept field: records that share its value belong together."""
    plan_id: str | None = None
    """Confirms exactly the plan with this id."""
    accept_unknown_price: bool = False
    """Whether a price that is not configured is no obstacle under a budget in money."""


DEFAULT_MAX_HOURS = 2
MOST_AGAINST, MOST_RECORDS, MOST_HOURS = 4, 5_000, 168


@dataclass(frozen=True, slots=True)
class EvaluationWish:
    """The evaluation that decides whether a deployment goes live, as the caller wrote it."""

    against: tuple[str, ...] | None = None
    """What it is judged against; None: the model that it replaces, if any, and its own base model."""
    metric: MetricName | None = None
    margin: float = 0.03
    gate: Gate = "none"
    on_insufficient: OnInsufficient = "hold"
    max_records: int = 1_000
    max_hours: int = DEFAULT_MAX_HOURS
    """What bills by the hour is released this long after it could first be asked, unless the gate has let it live."""

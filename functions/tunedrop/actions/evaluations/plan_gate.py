"""Plan the evaluation that decides whether a deployment goes live, and draft it with the purchase that it judges.

Everything that can be known is checked before training or capacity is paid for; then it waits for the capacity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunedrop.actions.evaluations import plan_evaluation, start_evaluation
from tunedrop.actions.evaluations.plan_evaluation import Planned
from tunedrop.domain.evaluation.evaluation_request import BASE, EvaluationWish, StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Candidate, Evaluation, JudgedUnit
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.unit_gates import UnitGate
from tunedrop.domain.training.job_states import Job
from tunedrop.edges.cloud import Cloud


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """The custom model that would be served by a deployment."""

    deployment: str
    base_model: str
    dataset: str
    version: int
    by_the_hour: bool = False
    """Whether its capacity is billed by the hour, whatever it is asked."""
    successor: int | None = None
    """The generation that would take over from the one which serves now; None: none does."""
    learned_by: str | None = None
    """The job that made it, or whose model it would tune further; None: it learns from this version alone."""


@dataclass(frozen=True, slots=True)
class PlannedGate:
    """The evaluation that would decide, and what it would ask."""

    wish: EvaluationWish
    request: StartEvaluation
    model: JudgedModel
    planned: Planned

    def draft(self, purchase: Purchase, job: Job | None, caller: str, cloud: Cloud) -> tuple[Purchase, Evaluation]:
        """The purchase that nobody may call until its gate opens, and the evaluation that waits for it.

        `job`: whose model it is.
        """
        evaluation_id = cloud.new_id()
        judges = JudgedUnit(purchase.deployment, purchase.generation)
        drafted = start_evaluation.draft(
            self.request, self.planned, cloud, evaluation_id=evaluation_id, caller=caller, judges=judges
        )
        judged, *others = drafted.candidates
        judged = replace(
            judged,
            job_id=purchase.job_id,
            generation=purchase.generation,
            hyperparameters=plan_evaluation.hyperparameters(job),
        )
        drafted = replace(drafted, candidates=(judged, *others))
        return replace(purchase, gate=UnitGate(evaluation_id, self.wish.max_hours)), drafted


def plan(wish: EvaluationWish, model: JudgedModel, cloud: Cloud, *, accept_unknown_price: bool) -> PlannedGate:
    """What the evaluation would ask. Raises InvalidInput, NotFound, Conflict, CapExceeded and Unavailable.

    What it takes of the month's budget is reserved with the capacity that it judges.
    """
    name = f"{model.deployment}#{model.successor}" if model.successor else model.deployment
    request = StartEvaluation(
        dataset=model.dataset,
        candidate=name,
        against=wish.against or ((model.deployment, BASE) if model.successor else (BASE,)),
        version=model.version,
        metric=wish.metric,
        margin=wish.margin,
        gate=wish.gate,
        on_insufficient=wish.on_insufficient,
        max_records=wish.max_records,
        accept_unknown_price=accept_unknown_price,
    )
    judged = Candidate(name, "", model.base_model, model.deployment, by_the_hour=model.by_the_hour)
    planned = plan_evaluation.plan(request, cloud, judged=judged, learned_by=model.learned_by)
    return PlannedGate(wish, request, model, planned)

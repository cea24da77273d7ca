"""Say what an evaluation would ask and cost. Nothing is written, sent or spent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunedrop.actions.evaluations import choose_questions
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.evaluation import evaluation_plan
from tunedrop.domain.evaluation.evaluation_plan import EvaluationPlan, Tested
from tunedrop.domain.evaluation.evaluation_request import BASE, StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Candidate
from tunedrop.domain.training import lifecycle
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_lifecycle
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.s3 import objects
from tunedrop.errors import Conflict, InvalidInput

MOST_CANDIDATES = 5
CALLABLE = frozenset({"Ready", "Updating"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the version whose test split it asks."""

    plan: EvaluationPlan
    tested: Tested


def plan(request: StartEvaluation, cloud: Cloud) -> Planned:
    """What the request would do. Raises InvalidInput, NotFound, Conflict, CapExceeded and Unavailable."""
    candidates = _candidates(request, cloud)
    tested = choose_questions.tested(request.dataset, request.version, candidates[0].base_model, cloud)
    try:
        chosen = choose_questions.choose(tested, request.max_records, replace(cloud, denials_may_pass=True))
    except objects.Unreadable as gone:
        raise Conflict("data_gone", str(gone), version=tested.version) from gone
    settings = cloud.settings
    made = evaluation_plan.make(request, tested, candidates, chosen, prices=settings.prices, currency=settings.currency)
    evaluation_plan.confirm(made, request.plan_id)
    _check_callable(candidates, cloud)
    return Planned(made, tested)


def _candidates(request: StartEvaluation, cloud: Cloud) -> tuple[Candidate, ...]:
    if not 1 <= len(request.against) < MOST_CANDIDATES:
        words = f"An evaluation has a candidate and 1 to {MOST_CANDIDATES - 1} others that it is judged against."
        raise InvalidInput("out_of_range", words, field="against")
    first = _candidate(request.candidate, None, cloud)
    every = (first, *(_candidate(name, first, cloud) for name in request.against))
    if len({candidate.model for candidate in every}) < len(every):
        raise InvalidInput(
            "same_candidate", "Two of the candidates are the same model: nothing can be told apart.", field="against"
        )
    return every


def _candidate(name: str, first: Candidate | None, cloud: Cloud) -> Candidate:
    if name == BASE and first:
        return _base(first.base_model, BASE)
    if name in catalogue.catalogue():
        return _base(name, name)
    deployment = deployment_rows.load(cloud.state, name)
    if deployment is None:
        raise InvalidInput(
            "unknown_candidate",
            f"There is no deployment or base model {name[:80]!r}. A candidate is a deployment's name or one of: "
            f"{', '.join(catalogue.catalogue())}.",
            field="against" if first else "candidate",
        )
    if deployment.state not in CALLABLE or deployment.arn is None:
        raise Conflict(
            "deployment_not_ready",
            f"Deployment {name} is {deployment.state}: it can't be called. Evaluate it once it is Ready.",
            state=deployment.state,
        )
    return Candidate(name, deployment.arn, deployment.base_model, name)


def _base(name: str, called: str) -> Candidate:
    return Candidate(called, catalogue.find(name).inference_id, name)


def _check_callable(candidates: tuple[Candidate, ...], cloud: Cloud) -> None:
    """Raises Conflict for a base model that is served through other Regions alone, or has reached its end of life.

    Its answers would all be failures.
    """
    for name in sorted({each.base_model for each in candidates if each.deployment is None}):
        if profile := catalogue.find(name).inference_profile:
            raise Conflict(
                "base_not_callable",
                f"{name} can be called through inference profile {profile} alone, which moves prompts to other "
                "Regions, so evaluations do not call it. Judge against another model.",
                base_model=name,
            )
        with faults.asked_by_a_caller():
            tuned = observed_lifecycle.tuned_today(cloud.bedrock)
            today = observed_lifecycle.lifecycle(cloud.bedrock, catalogue.find(name), tuned)
        if lifecycle.has_ended(today, cloud.now()):
            raise Conflict(
                "base_not_callable",
                f"{name} has reached its end of life and can't be called any more. Judge against another model.",
                base_model=name,
            )

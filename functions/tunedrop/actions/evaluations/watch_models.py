"""Watch that each deployment which an evaluation asks is served by the model that it was planned for."""

from __future__ import annotations

from tunedrop.domain.evaluation.evaluation_states import Candidate, Evaluation
from tunedrop.domain.serving import one_model
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows


def changed(evaluation: Evaluation, cloud: Cloud) -> str | None:
    """Why answers of a candidate may be of two models; None: those that are stored already are each of one."""
    found = (changed_of(candidate, evaluation, cloud) for candidate in evaluation.candidates)
    return next(filter(None, found), None)


def changed_of(candidate: Candidate, evaluation: Evaluation, cloud: Cloud) -> str | None:
    """The same for one candidate."""
    if candidate.deployment is None or candidate.generation is None:
        return None
    unit = deployment_rows.load_purchase(cloud.state, candidate.deployment, candidate.generation)
    return one_model.why_not(candidate, unit, evaluation.created_at)

"""Start an evaluation: check everything that can be known, then write its intent. Nobody is asked here."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.evaluations import plan_evaluation
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows, tombstone_rows
from tunedrop.errors import Unavailable

ADVANCE = "advance_evaluation"
"""The message that lets an evaluation take its next step."""


def start(request: StartEvaluation, cloud: Cloud, *, evaluation_id: str, caller: str) -> Evaluation:
    """Write the intent and enqueue it. If `evaluation_id` exists, returns that evaluation and creates nothing.

    Raises what `plan_evaluation.plan` raises (then nothing was changed), and Unavailable.
    """
    existing = evaluation_rows.load(cloud.state, evaluation_id)
    if existing is None:
        existing = _write(_draft(request, evaluation_id, caller, cloud), cloud)
    ask_for_advance(existing, cloud)
    return existing


def ask_for_advance(evaluation: Evaluation, cloud: Cloud) -> None:
    """Let the evaluation take its next step, whatever that is."""
    cloud.evaluation_queue.send(ADVANCE, evaluation_id=evaluation.id)


def _draft(request: StartEvaluation, evaluation_id: str, caller: str, cloud: Cloud) -> Evaluation:
    planned = plan_evaluation.plan(request, cloud)
    plan, tested = planned.plan, planned.tested
    return Evaluation(
        id=evaluation_id,
        state="Requested",
        dataset=plan.dataset,
        version=plan.version,
        base_model=tested.base_model,
        candidates=plan.candidates,
        metric=plan.metric,
        margin=plan.margin,
        gate=plan.gate,
        on_insufficient=plan.on_insufficient,
        max_records=request.max_records,
        max_tokens=plan.max_tokens,
        most_calls=plan.most_calls,
        train=tested.train,
        test=tested.test,
        owner=tested.owner or caller,
        created_at=cloud.now(),
    )


def _write(evaluation: Evaluation, cloud: Cloud) -> Evaluation:
    writes = [evaluation_rows.put(evaluation), evaluation_rows.open_work(evaluation)]
    undisturbed = tombstone_rows.undisturbed(evaluation.dataset, evaluation.version)
    if cloud.state.write_all(*writes, *undisturbed):
        return replace(evaluation, revision=1)
    existing = evaluation_rows.load(cloud.state, evaluation.id)
    if existing is None:
        raise Unavailable("busy", "The dataset was changed just now. Send the request again.")
    return existing

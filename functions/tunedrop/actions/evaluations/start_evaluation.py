"""Start an evaluation: check everything that can be known, then write its intent. Nobody is asked here."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.evaluations import plan_evaluation
from tunedrop.actions.evaluations.plan_evaluation import Planned
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import Evaluation, JudgedUnit
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows, tombstone_rows
from tunedrop.errors import Unavailable

ADVANCE = "advance_evaluation"
"""The message that lets an evaluation take its next step."""
MOST_RACES = 25
"""Others' intents that may come between adding up the month's budget and writing one's own."""


def start(request: StartEvaluation, cloud: Cloud, *, evaluation_id: str, caller: str) -> Evaluation:
    """Write the intent and enqueue it. If `evaluation_id` exists, returns that evaluation and creates nothing.

    Raises what `plan_evaluation.plan` raises (then nothing was changed), and Unavailable.
    """
    evaluation = evaluation_rows.load(cloud.state, evaluation_id)
    if evaluation is None:
        planned = plan_evaluation.plan(request, cloud)
        drafted = draft(request, planned, cloud, evaluation_id=evaluation_id, caller=caller)
        evaluation = _write(request, planned, drafted, cloud)
    ask_for_advance(evaluation, cloud)
    return evaluation


def ask_for_advance(evaluation: Evaluation, cloud: Cloud) -> None:
    """Let the evaluation take its next step, whatever that is."""
    cloud.evaluation_queue.send(ADVANCE, evaluation_id=evaluation.id)


def draft(
    request: StartEvaluation,
    planned: Planned,
    cloud: Cloud,
    *,
    evaluation_id: str,
    caller: str,
    judges: JudgedUnit | None = None,
) -> Evaluation:
    """The evaluation that was planned; one that `judges` capacity waits until that is there."""
    plan, tested = planned.plan, planned.tested
    return Evaluation(
        id=evaluation_id,
        state="WaitingForCapacity" if judges else "Requested",
        judges=judges,
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
        asked_by=caller,
        created_at=cloud.now(),
        kept=tested.kept,
        answer_schema=tested.answer_schema,
        learned=tested.learned,
        group_by=plan.group_by,
        allowed=plan.allowed,
        accept_unknown_price=request.accept_unknown_price,
    )


def _write(request: StartEvaluation, planned: Planned, evaluation: Evaluation, cloud: Cloud) -> Evaluation:
    """Write all rows or none. If another writer used the same id, return its evaluation."""
    share = planned.share
    for _ in range(MOST_RACES):
        writes = [evaluation_rows.put(evaluation), evaluation_rows.open_work(evaluation)]
        undisturbed = tombstone_rows.undisturbed(evaluation.dataset, evaluation.version)
        if cloud.state.write_all(*writes, *undisturbed, *reserve_budget.write(share)):
            return replace(evaluation, revision=1)
        existing = evaluation_rows.load(cloud.state, evaluation.id)
        if existing:
            return existing
        counted = plan_evaluation.share(planned.plan, request, cloud)  # raises if the rest of the budget was taken
        if share is None or counted is None or counted.before.intents == share.before.intents:
            break
        share = counted
    raise Unavailable("busy", "The dataset was changed just now. Send the request again.")

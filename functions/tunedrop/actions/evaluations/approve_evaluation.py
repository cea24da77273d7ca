"""Let live what an evaluation's gate holds, on another person's word. Nothing is called here."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.evaluations import read_evaluations
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving import gate_steps
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.gate_steps import GateApproval
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, evaluation_rows
from tunedrop.errors import Conflict, Unavailable

MOST_TRIES = 5


def approve(evaluation_id: str, reason: str, cloud: Cloud, *, author: Author) -> Evaluation:
    """Open the gate that holds its deployment. Repeating it writes nothing, and sends the message again.

    Raises NotFound `unknown_evaluation`, Conflict `nothing_to_approve`, `own_request` or `approval_expired`, and
    Unavailable.
    """
    for _ in range(MOST_TRIES):
        evaluation = read_evaluations.get(evaluation_id, cloud)
        judged = evaluation.judges
        if judged is None:
            words = f"No deployment waits for evaluation {evaluation.id}: it only tells."
            raise Conflict("nothing_to_approve", words, state=evaluation.state)
        unit = deployment_rows.load_purchase(cloud.state, judged.deployment, judged.generation)
        if evaluation.approval or _is_written(evaluation, unit, GateApproval(reason, author), cloud):
            cloud.spend_queue.send("advance_purchase", deployment=judged.deployment, generation=judged.generation)
            return read_evaluations.get(evaluation_id, cloud)
    raise Unavailable("busy", f"Evaluation {evaluation_id} is being changed. Send the request again.")


def _is_written(evaluation: Evaluation, unit: Purchase | None, given: GateApproval, cloud: Cloud) -> bool:
    """Whether both rows say that it is approved; False if somebody else changed them since they were read."""
    approved = gate_steps.approve(evaluation, unit, given, cloud.now())
    return cloud.state.write_all(
        deployment_rows.put_purchase(approved),
        evaluation_rows.put(replace(evaluation, approval=approved.approval)),
    )

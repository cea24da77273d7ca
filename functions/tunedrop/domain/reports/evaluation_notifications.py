"""The notification of an evaluation's end. Pure."""

from __future__ import annotations

from datetime import datetime

from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id


def notification(evaluation: Evaluation, stack: str, now: datetime) -> Notification:
    """The notification of an ended evaluation: its verdict in a sentence, or why there is none."""
    completed, conclusion = evaluation.state == "Completed", evaluation.conclusion
    return Notification(
        type="EvaluationCompleted" if completed else "EvaluationFailed",
        id=fact_id(stack, "evaluation", evaluation.id, evaluation.state),
        stack=stack,
        time=now,
        summary=_summary(evaluation),
        next_command=next_commands.show_evaluation(evaluation.id),
        facts={
            "evaluation_id": evaluation.id,
            "state": evaluation.state,
            "dataset": evaluation.dataset,
            "version": evaluation.version,
            "candidates": [candidate.name for candidate in evaluation.candidates],
            "metric": evaluation.metric,
            "records": evaluation.records,
            "verdict": conclusion.verdict if conclusion else None,
            "gate": evaluation.gate,
            "outcome": conclusion.outcome if conclusion else None,
            "failure_code": evaluation.failure_code,
            "owner": evaluation.owner,
        },
    )


def _summary(evaluation: Evaluation) -> str:
    name = f"Evaluation {evaluation.id} of {evaluation.candidates[0].name} on {evaluation.dataset}@{evaluation.version}"
    if evaluation.conclusion:
        return f"{name}: {evaluation.conclusion.summary}"
    if evaluation.state == "Stopped":
        return f"{name} was stopped; what was asked until then is charged, and there is no verdict."
    return f"{name} failed: {evaluation.failure}"

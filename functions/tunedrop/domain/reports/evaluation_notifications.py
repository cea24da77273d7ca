"""The notification of an evaluation's end. Pure."""

from __future__ import annotations

from datetime import datetime

from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.reports import next_commands, report_links
from tunedrop.domain.reports.notifications import Notification, fact_id


def notification(evaluation: Evaluation, stack: str, now: datetime, *, bucket: str) -> Notification:
    """The notification of an ended evaluation, whose report is in `bucket`: its verdict in a sentence, or why none."""
    completed, conclusion = evaluation.state == "Completed", evaluation.conclusion
    report_key = conclusion.report_key if conclusion else None
    return Notification(
        type="EvaluationCompleted" if completed else "EvaluationFailed",
        id=fact_id(stack, "evaluation", evaluation.id, evaluation.state),
        stack=stack,
        time=now,
        summary=f"{_summary(evaluation)}{report_links.words(report_key, stack, bucket)}",
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
            "report_key": report_key,
        },
    )


def _summary(evaluation: Evaluation) -> str:
    name = f"Evaluation {evaluation.id} of {evaluation.candidates[0].name} on {evaluation.dataset}@{evaluation.version}"
    if evaluation.conclusion:
        return f"{name}: {evaluation.conclusion.summary}"
    if evaluation.state == "Stopped":
        return f"{name} was stopped; what was asked until then is charged, and there is no verdict."
    return f"{name} failed: {evaluation.failure}"

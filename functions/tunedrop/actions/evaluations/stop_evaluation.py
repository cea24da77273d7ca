"""Stop an evaluation: what is being asked is answered, and nothing more is asked."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.evaluations import read_evaluations
from tunedrop.actions.evaluations.start_evaluation import ask_for_advance
from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows
from tunedrop.errors import Conflict, Unavailable

MOST_TRIES = 5


def stop(evaluation_id: str, cloud: Cloud) -> Evaluation:
    """Request the stop. Repeating it changes nothing. Raises NotFound, Conflict `evaluation_ended`, Unavailable."""
    for _ in range(MOST_TRIES):
        evaluation = read_evaluations.get(evaluation_id, cloud)
        if evaluation.state in {"Stopped", "Stopping"}:
            return evaluation
        if evaluation.state in ENDED:
            words = f"Evaluation {evaluation_id} is {evaluation.state}; there is nothing to stop."
            raise Conflict("evaluation_ended", words, state=evaluation.state)
        asked = replace(evaluation, state="Stopping")
        if cloud.state.put(evaluation_rows.put(asked)).done:
            ask_for_advance(asked, cloud)
            return asked
    raise Unavailable("busy", f"Evaluation {evaluation_id} is being changed. Send the request again.")

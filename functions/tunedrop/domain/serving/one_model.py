"""Whether a deployment answered an evaluation with one model, from its plan to its last answer. Pure.

Another model behind the same capacity has the same ARN, so answers of both would look alike.
"""

from __future__ import annotations

from datetime import datetime

from tunedrop.domain.evaluation.evaluation_states import Candidate
from tunedrop.domain.serving.purchase_states import Purchase


def why_not(candidate: Candidate, unit: Purchase | None, since: datetime) -> str | None:
    """Why its answers since then may be of two models; None: they are of one.

    A swap counts from when it was asked for: when Bedrock carries it out, or that it did not, shows only afterwards.
    `unit`: the capacity, as its row is now. What has ended answers nothing, which is told as failed calls.
    """
    if unit is None:
        return None
    other = unit.swap.job_id if unit.swap else unit.job_id
    is_other = other != candidate.job_id or unit.swap is not None
    if is_other or any(act.did == "swap_asked" and act.time >= since for act in unit.acts):
        given = f"the model of job {other}" if is_other else "another model, and this one again"
        return (
            f"Deployment {candidate.deployment} was given {given} while it was asked. A verdict is on one model: "
            "evaluate it again."
        )
    return None

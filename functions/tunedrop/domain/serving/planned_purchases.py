"""What a job's end means for the purchase that was planned with it: it may go ahead, or it lapses. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tunedrop.domain.serving import deployment_states, purchase_states
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import LAPSES_AFTER, Purchase
from tunedrop.domain.training.job_states import Job


def after_job(job: Job, purchase: Purchase, head: Deployment, now: datetime) -> tuple[Purchase, Deployment] | None:
    """The planned purchase and its deployment once the job has ended; None if the purchase is no longer planned.

    A model that became known too late is not served: whoever asked for it may not expect the bill any more.
    """
    if purchase.state != "planned":
        return None
    ended_at = job.ended_at or now
    if job.status == "Completed" and job.model_arn and now < ended_at + LAPSES_AFTER:
        requested = purchase_states.request(purchase, job.model_arn, ended_at, now)
        return requested, replace(head, model_arn=job.model_arn)
    late = job.status == "Completed"
    reason = "its end became known more than 24 hours later" if late else f"its job ended as {job.status}"
    failure = f"Nothing was bought: {reason}."
    lapsed = purchase_states.finish(purchase, "lapsed", failure, now)
    return lapsed, deployment_states.end(head, "Failed", failure, failure, now)

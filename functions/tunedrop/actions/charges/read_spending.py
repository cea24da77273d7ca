"""Read the rows that charges are made from: jobs, every generation of paid capacity, and evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving import deployment_states, served_models
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.served_models import ProvenModel
from tunedrop.domain.training.job_filter import EVERY_JOB, JobFilter
from tunedrop.domain.training.job_states import Job
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, evaluation_rows, job_rows

LONGEST = timedelta(days=31)
"""Longer than a job may be prepared (a day) and wait (JobDeadlineHours: a week at most), and than Bedrock trains; and
than an evaluation asks, whose calls are counted."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What has, had or may have a charge since a moment; each purchase with the job whose model it serves."""

    jobs: Mapping[str, Job]
    purchases: Mapping[str, tuple[Purchase, Job | ProvenModel]]
    evaluations: Mapping[str, Evaluation]
    models: Mapping[str, Job | ProvenModel]
    """What made the models that the purchases serve, or have served, by the job's id."""


def since(moment: datetime, cloud: Cloud, until: datetime | None = None) -> Spending:
    """All that is open, and all that ended since then. What is open is read first: it may end meanwhile, not vanish.

    Jobs and evaluations that were created after `until` may be missing.
    """
    jobs, purchases = _open(cloud)
    evaluations = _evaluations(moment, cloud, until)
    listed = job_rows.listing(
        cloud.state, JobFilter(created_after=moment - LONGEST, created_before=until), limit=None, cursor=None
    )
    for row in listed.rows:
        ended = job_rows.job_from(row)
        if ended.id not in jobs and (ended.ended_at is None or ended.ended_at >= moment):
            jobs[ended.id] = ended
    for purchase in _ended(moment, cloud):
        purchases.setdefault(purchase.id, purchase)
    served: dict[str, Job | None] = {}
    paired: dict[str, tuple[Purchase, Job | ProvenModel]] = {}
    models: dict[str, Job | ProvenModel] = {}
    for key, purchase in purchases.items():
        for job_id in {purchase.job_id, *(span.job_id for span in purchase.served_before)} - served.keys():
            served[job_id] = _job(job_id, jobs, cloud)
        if trained := served[purchase.job_id] or _of_head(purchase, cloud):
            paired[key] = (purchase, trained)
            models[purchase.job_id] = trained
    models |= {job_id: job for job_id, job in served.items() if job}
    return Spending(jobs, paired, evaluations, models)


def _of_head(purchase: Purchase, cloud: Cloud) -> ProvenModel | None:
    """What a deployment says of its model where no row knows the job any more, as after a restore."""
    head = deployment_rows.load(cloud.state, purchase.deployment)
    return replace(served_models.of_rows(head), id=purchase.job_id) if head else None


def completed(cloud: Cloud) -> Iterator[Job]:
    """The jobs of all custom models, the newest first."""
    rows = job_rows.listing(cloud.state, EVERY_JOB, limit=None, cursor=None).rows
    return (job for row in rows if (job := job_rows.job_from(row)).status == "Completed")


def _open(cloud: Cloud) -> tuple[dict[str, Job], dict[str, Purchase]]:
    jobs: dict[str, Job] = {}
    purchases: dict[str, Purchase] = {}
    for row in cloud.state.query("OPEN").rows:
        if row["sk"].startswith("JOB#"):
            job = job_rows.load(cloud.state, row["job_id"])
            jobs |= {job.id: job} if job else {}
        else:
            purchase = deployment_rows.load_purchase(cloud.state, row["deployment"], row["generation"])
            purchases |= {purchase.id: purchase} if purchase else {}
    return jobs, purchases


def _evaluations(moment: datetime, cloud: Cloud, until: datetime | None) -> dict[str, Evaluation]:
    found = {each.id: each for each in evaluation_rows.standing(cloud.state)}
    listed = evaluation_rows.created(cloud.state, moment - LONGEST, until)
    ended = {each.id: each for each in listed if each.ended_at is None or each.ended_at >= moment}
    return {**ended, **found}


def _ended(moment: datetime, cloud: Cloud) -> list[Purchase]:
    """Generations of deployments that stand, or ended since then: earlier ones of the same name among them."""
    found: list[Purchase] = []
    for row in cloud.state.listing(deployment_rows.KIND).rows:
        head = deployment_rows.deployment_from(row)
        last = head.history[-1].time if head.history else head.created_at
        if head.state not in deployment_states.ENDED or last >= moment:
            found += deployment_rows.load_purchases(cloud.state, head.name)
    return found


def _job(job_id: str, known: Mapping[str, Job], cloud: Cloud) -> Job | None:
    return known.get(job_id) or job_rows.load(cloud.state, job_id)

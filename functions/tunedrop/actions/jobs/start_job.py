"""Start a job: check everything that can be known, then write its intent. Nothing is spent here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.jobs import check_job, draft_intent, prepare_for_job
from tunedrop.actions.jobs.draft_intent import Intent
from tunedrop.actions.jobs.save_job import ask_for_advance
from tunedrop.domain.charges.monthly_budget import BudgetShare
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.start_request import StartJob
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, evaluation_rows, job_rows, tombstone_rows
from tunedrop.edges.rows.deployment_rows import UnitsSpokenFor
from tunedrop.edges.rows.writes import Put, Require, Update
from tunedrop.errors import Unavailable

MOST_RACES = 25
"""Others' intents that may come between adding up what is reserved and writing one's own, before the caller must ask
again."""


@dataclass(frozen=True, slots=True)
class _Reserved:
    """What the intent needs of what all share: model units and the month's budget; None where it needs none."""

    units: UnitsSpokenFor | None
    share: BudgetShare | None

    @property
    def seen(self) -> tuple[UnitsSpokenFor | None, int | None]:
        """What other intents change."""
        return self.units, self.share.before.intents if self.share else None


def start(request: StartJob, cloud: Cloud, *, job_id: str, caller: str, request_id: str | None = None) -> Job:
    """Check everything that can be known before money is spent, write the intent, and enqueue it.

    A job whose version was not prepared for its base model is Preparing, and gets its plan when that is done.
    If `job_id` exists, returns that job and creates nothing. Raises InvalidInput, NotFound, Conflict, CapExceeded
    (then nothing was changed) and Unavailable (the same request may be sent again).
    """
    existing = job_rows.load(cloud.state, job_id)
    if existing:
        _ask_for_next(existing, cloud)
        return existing
    checked = check_job.check(request, cloud)
    wanted = draft_intent.WantedJob(
        request, checked.base_model, checked.base_model_arn, checked.hyperparameters, checked.deployment, checked.gate
    )
    origin = draft_intent.Origin(job_id, caller, request_id, cloud.now())
    intent = draft_intent.make(wanted, checked.data, checked.head, origin, cloud)
    check_job.ask_aws(checked, cloud)  # last: what our own rows refuse costs no call to AWS
    share = reserve_budget.of_job(intent.job, intent.purchase, cloud, intent.evaluation)
    job = _write(intent, _Reserved(checked.spoken_for, share), cloud)
    _ask_for_next(job, cloud)
    return job


def _write(intent: Intent, reserved: _Reserved, cloud: Cloud) -> Job:
    """Write all rows or none. If another writer used the same id, return its job; if it took what is needed, refuse."""
    job = intent.job
    for _ in range(MOST_RACES):
        if cloud.state.write_all(*_writes(intent, reserved)):
            return replace(job, revision=1)
        existing = job_rows.load(cloud.state, job.id)
        if existing:
            return existing
        check_job.free_head(job.deployment, cloud)  # raises if the name is what was lost
        units = check_job.units_beside(job.deployment, cloud)  # raises if the last model units were
        share = reserve_budget.of_job(
            job, intent.purchase, cloud, intent.evaluation
        )  # raises if the rest of the budget was
        counted = _Reserved(units, share)
        if counted.seen == reserved.seen:
            break
        reserved = counted
    raise Unavailable("busy", "The deployment's name or the dataset was changed just now. Send the request again.")


def _writes(intent: Intent, reserved: _Reserved) -> list[Put | Update | Require]:
    job = intent.job
    writes: list[Put | Update | Require] = [job_rows.put_job(job), job_rows.put_name(job), job_rows.open_work(job)]
    writes += tombstone_rows.undisturbed(job.dataset, job.version)
    if job.from_job:
        writes.append(job_rows.keeps_model(job.from_job))
    if intent.head and intent.purchase:
        writes += [
            deployment_rows.put_new(intent.head),
            deployment_rows.put_purchase(intent.purchase),
            deployment_rows.open_work(intent.purchase),
        ]
    writes += evaluation_rows.begin(intent.evaluation) if intent.evaluation else []
    writes += [deployment_rows.reserve_units(reserved.units)] if reserved.units else []
    return [*writes, *reserve_budget.write(reserved.share)]


def _ask_for_next(job: Job, cloud: Cloud) -> None:
    if job.status == "Preparing" and not job.stop_requested:
        prepare_for_job.ask(job, cloud)
    else:
        ask_for_advance(job, cloud)

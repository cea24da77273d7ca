"""What to do next with an ended job: words and, if there is one, the command. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.next_commands import Step
from tunedrop.domain.training.diagnosis_codes import Diagnosis
from tunedrop.domain.training.job_states import Job


def steps(job: Job) -> Iterator[Step]:
    """The next steps, in order: what the losses call for, then what the job's end allows."""
    for diagnosis in job.diagnosis or ():
        if diagnosis.severity != "info":
            yield Step(diagnosis.hint, _again_until_best(job, diagnosis))
    match job.status:
        case "Completed" if job.deployment:
            yield Step("See whether its deployment is ready.", next_commands.show_deployment(job.deployment.name))
        case "Completed":
            yield Step("Compare it with the other jobs on this dataset.", next_commands.list_jobs(job.dataset))
            yield Step("See what it costs to serve its model.", next_commands.plan_serving(job.dataset, job.id))
        case "Stopped":
            yield Step("Train it to its end.", _again(job, dict(job.hyperparameters)))
        case _:
            yield Step("See why it failed.", next_commands.show_job(job.id))


def _again_until_best(job: Job, diagnosis: Diagnosis) -> str | None:
    """The job again, with as many epochs as were best; None if that is not known to be fewer."""
    best, asked = diagnosis.best_epoch, job.hyperparameters.get("epochCount")
    if diagnosis.code != "overfitting" or best is None or asked is None or best >= int(asked):
        return None
    return _again(job, {**job.hyperparameters, "epochCount": str(best)})


def _again(job: Job, hyperparameters: dict[str, str]) -> str:
    return next_commands.start_job(
        job.dataset, job.version, job.base_model, hyperparameters=hyperparameters, deployment=job.deployment
    )

"""`[job] start = "on_accept"`: whether an accepted version starts a job on its own, and what to say if not. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.training.job_states import JobStatus
from tunedrop.domain.training.start_request import DeploymentRequest, StartJob
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.job_settings import DeploymentSettings, JobSettings
from tunedrop.domain.versions.versioning import Head, Version


@dataclass(frozen=True, slots=True)
class OnAccept:
    """The outcome for one version: the job that it started, or why it started none."""

    request: StartJob
    job_id: str | None = None
    status: JobStatus | None = None
    code: str | None = None
    """Why no job was started (stable); None if one was."""
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields that a notification shows."""
        return {"started": self.code is None, "job_id": self.job_id, "code": self.code, "message": self.message}


def request(
    version: Version,
    job: JobSettings,
    deployment: DeploymentSettings | None,
    evaluation: EvaluationWish | None = None,
) -> StartJob:
    """The request that a person with the same settings would send to `POST /jobs`."""
    return StartJob(
        dataset=version.dataset,
        base_model=job.base_model or version.base_models[0],
        version=version.number,
        hyperparameters=job.hyperparameters,
        deployment=DeploymentRequest(**asdict(deployment)) if deployment else None,
        evaluation=evaluation,
    )


def refusal(version: Version, head: Head | None, job: JobSettings, *, allowed: bool) -> tuple[str, str] | None:
    """The code and message of what keeps the version from starting a job, or None. Looks at our own state only."""
    if not allowed:
        return "jobs_on_accept_off", "This stack starts no jobs by itself (AllowJobsOnAccept is false)."
    held = {item.split for item in version.preparations}
    missing = [split for split in job.splits if split not in held]
    if missing:
        return "splits_missing", f"[job] waits for a version that also holds {' and '.join(missing)}."
    # A version may be accepted long after its upload: settings replaced since then must not start to spend.
    current = head and head.files.get(object_keys.SETTINGS_FILE)
    if not current or current.version_id != version.files[object_keys.SETTINGS_FILE].version_id:
        return "settings_changed", f"{object_keys.SETTINGS_FILE} has changed since this version was made."
    return None

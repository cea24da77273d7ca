"""Which jobs a listing is asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.training.job_states import Job, JobStatus


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a job must be; None asks for nothing. `created_before` itself is left out, `created_after` is not."""

    status: JobStatus | None = None
    dataset: str | None = None
    base_model: str | None = None
    owner: str | None = None
    sweep: str | None = None
    tag: str | None = None
    """The name of one of its own tags, or `name=value`."""
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def takes_all(self) -> bool:
        """Whether only the time of creation, if anything, is asked for."""
        return self == JobFilter(created_after=self.created_after, created_before=self.created_before)

    def takes(self, job: Job) -> bool:
        """Whether the job is one of those asked for, whenever it was created."""
        return self._tagged(job) and all(
            wanted is None or wanted == actual
            for wanted, actual in (
                (self.status, job.status),
                (self.dataset, job.dataset),
                (self.base_model, job.base_model),
                (self.owner, job.owner),
                (self.sweep, job.sweep),
            )
        )

    def _tagged(self, job: Job) -> bool:
        """Not taken apart: a tag's name may hold `=` too."""
        return self.tag is None or any(self.tag in {name, f"{name}={value}"} for name, value in job.tags.items())


EVERY_JOB = JobFilter()

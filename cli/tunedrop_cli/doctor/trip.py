"""A trip through a stack with a dataset of its own: steps that change something, and what may cost until they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel

from tunedrop_cli.doctor import rounds
from tunedrop_cli.doctor.outcomes import Finding, Outcome, unknown
from tunedrop_cli.doctor.stack_checks import not_reached
from tunedrop_cli.doctor.writing import Writer

STOPPED_HERE = unknown("interrupted")
ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(slots=True)
class Trip:
    """Where a trip stands."""

    writer: Writer
    name: str
    """Of the dataset and of the deployment."""
    base_model: BaseModel
    say: Callable[[str], None]
    """Tells a person what is waited for."""
    resumed: bool = False
    most_tokens: int = 0
    """How many tokens the plan lets the job train."""
    version: int = 0
    tokens: int = 0
    """Of that version's train split, estimated."""
    job_asked: bool = False
    """Whether this run has asked for the job, answered or not."""
    job: dict[str, Any] = field(default_factory=dict)
    """As ControlApi last showed it; empty before there is one."""
    deployment: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] = field(default_factory=dict)
    queue: dict[str, str] = field(default_factory=dict)
    """URL and subscription of the queue that hears notifications."""
    model_deleted: bool = False

    @property
    def dataset(self) -> str:
        """The dataset's path in ControlApi."""
        return f"/datasets/{self.name}"

    def look_at_job(self) -> dict[str, Any]:
        """The job now; what it says is told if it changed."""
        before = self.job.get("status")
        self.job = self.writer.get(f"/jobs/{self.job['id']}")
        if self.job["status"] != before:
            self.say(f"job {self.job['status']}")
        return self.job

    def may_cost(self) -> list[tuple[str, str]]:
        """What may still cost, each with the command that ends it."""
        found = []
        job, deployment = self.job, self.deployment
        if self.job_asked and not job:
            command = f"aws bedrock list-model-customization-jobs --name-contains {self.name}"
            found.append(("a training, if the request for it arrived,", command))
        if job and job["status"] not in ENDED:
            command = f"aws bedrock stop-model-customization-job --job-identifier {job['arn'] or job['name']}"
            found.append((f"the training {job['name']}", command))
        if deployment.get("arn") and deployment["state"] != "Released":
            command = "aws bedrock delete-custom-model-deployment --custom-model-deployment-identifier"
            found.append((f"the deployment {self.name}, when it is called", f"{command} {deployment['arn']}"))
        if job.get("model_arn") and not self.model_deleted:
            command = f"aws bedrock delete-custom-model --model-identifier {job['model_arn']}"
            found.append(("the custom model, by the month", command))
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trip. `act` may raise what a check may."""

    name: str
    act: Callable[[Trip], Outcome]
    needed: bool = False
    """Whether the steps after it can't do without it."""
    last: bool = False
    """Whether it is made whatever happened before: it gives something back."""


def travel(trip: Trip, steps: Sequence[Step]) -> Iterator[Finding]:
    """The outcome of each step. An interruption ends the trip, but for the steps that give something back."""
    gone = ""
    for step in steps:
        if gone and not step.last:
            yield Finding(step.name, not_reached(gone))
            continue
        try:
            outcome = rounds.outcome_of(partial(step.act, trip))
        except KeyboardInterrupt:
            if step.last:
                raise
            gone, outcome = STOPPED_HERE.seen, STOPPED_HERE
        if step.needed and outcome.status in {"failed", "unknown"}:
            gone = gone or f"{step.name} {outcome.status}"
        yield Finding(step.name, outcome)

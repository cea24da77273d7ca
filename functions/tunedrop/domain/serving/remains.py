"""What a stack would leave behind in Bedrock if it were deleted now. Pure.

Rows and Bedrock's lists both count: rows know of a purchase whose answer was lost, and lists know of what rows forgot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tunedrop.domain.evaluation import evaluation_states
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving.purchase_states import HOLDING, Capacity, Purchase
from tunedrop.domain.training import job_states
from tunedrop.domain.training.job_states import Job


@dataclass(frozen=True, slots=True)
class InBedrock:
    """What Bedrock lists of this stack."""

    throughputs: tuple[Capacity, ...] = ()
    on_demand: tuple[Capacity, ...] = ()
    running_jobs: tuple[str, ...] = ()
    """Names of jobs that run, or are being stopped."""
    models: tuple[str, ...] = ()
    """Names of custom models."""


@dataclass(frozen=True, slots=True)
class Remains:
    """In a few words each."""

    billing: tuple[str, ...]
    """What bills until somebody ends it, or may begin to."""
    kept: tuple[str, ...]
    """What stays, and bills by use or by storage."""
    unseen: tuple[str, ...]
    """What could not be looked at, and why."""

    @property
    def holds_the_stack(self) -> bool:
        """Whether the stack must stay for it. What nobody could see may be there."""
        return bool(self.billing or self.unseen)


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Rows of what has not ended, or whose end was not told yet."""

    jobs: tuple[Job, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()


def of(work: OpenWork, seen: InBedrock, unseen: Iterable[str]) -> Remains:
    """All that would remain, each thing once."""
    open_jobs = [job for job in work.jobs if job.status not in job_states.ENDED]
    asking = [each for each in work.evaluations if each.state not in evaluation_states.ENDED]
    billed = [item for item in work.purchases if _may_bill(item)]
    throughputs = [item for item in seen.throughputs if item.status != "Failed"]
    return Remains(
        billing=(
            *_running(open_jobs, seen.running_jobs),
            *(f"evaluation {each.id} ({each.state})" for each in asking),
            *_billed(billed, throughputs),
        ),
        kept=(
            *(f"on-demand deployment {item.name}" for item in seen.on_demand),
            *(f"custom model {name}" for name in seen.models),
        ),
        unseen=tuple(unseen),
    )


def _may_bill(purchase: Purchase) -> bool:
    """Whether it bills by the hour, or the next message buys it; a planned one comes after its job, which counts."""
    return purchase.serving == "provisioned_throughput" and purchase.state in {*HOLDING, "requested"}


def _running(jobs: Iterable[Job], listed: Iterable[str]) -> Iterator[str]:
    known = {job.name: f"job {job.id} ({job.status})" for job in jobs}
    yield from known.values()
    yield from (f"job {name} in Bedrock" for name in listed if name not in known)


def _billed(purchases: Iterable[Purchase], listed: Iterable[Capacity]) -> Iterator[str]:
    names = {purchase.name: f"throughput {purchase.name} of {purchase.deployment}" for purchase in purchases}
    yield from names.values()
    yield from (f"throughput {item.name}" for item in listed if item.name not in names)

"""The rows of a deployment's next generation: its head, and the purchase that nothing was sent for yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tunedrop.domain.serving import acts
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.deployment_states import Deployment, HistoryEntry
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training import names_tokens_tags
from tunedrop.domain.training.job_states import DeploymentWish


class Trained(Protocol):
    """A job, or what is still known of one: whose custom model is served."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def dataset(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def base_model(self) -> str: ...  # noqa: D102
    @property
    def owner(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Beginning:
    """Who wants the generation, when, why, and its id, which makes the token and the name in Bedrock."""

    generation: int
    """The next one of the deployment's name, which no purchase has had."""
    intent_id: str
    stack_uid: str
    now: datetime
    why: str
    author: Author
    accept_unknown_price: bool = False


def draft(
    job: Trained, wish: DeploymentWish, before: Deployment | None, beginning: Beginning, until: datetime | None = None
) -> tuple[Deployment, Purchase]:
    """The generation that serves the job's model. `before`: the ended deployment whose name is reused, if any."""
    head = _head(job, wish, before, beginning)
    return head, _purchase(job, wish, head, beginning, until)


def _purchase(
    job: Trained, wish: DeploymentWish, head: Deployment, beginning: Beginning, until: datetime | None
) -> Purchase:
    return Purchase(
        deployment=wish.name,
        generation=head.generation,
        state="planned",
        intent_id=beginning.intent_id,
        token=names_tokens_tags.token(beginning.stack_uid, beginning.intent_id),
        name=names_tokens_tags.lineage(job.dataset, job.version, beginning.stack_uid, beginning.intent_id),
        serving=wish.serving,
        model_units=wish.model_units,
        hours=wish.hours,
        until=until,
        idle_minutes=wish.idle_minutes,
        job_id=job.id,
        dataset=job.dataset,
        version=job.version,
        owner=job.owner,
        created_at=beginning.now,
        acts=acts.after((), "asked", beginning.author, beginning.now),
        on_budget=wish.on_budget,
        accept_unknown_price=beginning.accept_unknown_price,
    )


def _head(job: Trained, wish: DeploymentWish, before: Deployment | None, beginning: Beginning) -> Deployment:
    return Deployment(
        name=wish.name,
        state="Creating",
        serving=wish.serving,
        base_model=job.base_model,
        job_id=job.id,
        dataset=job.dataset,
        version=job.version,
        generation=beginning.generation,
        owner=job.owner,
        model_units=wish.model_units,
        created_at=beginning.now,
        idle_minutes=wish.idle_minutes,
        history=(HistoryEntry(beginning.now, "Creating", beginning.why),),
        revision=before.revision if before else 0,
    )

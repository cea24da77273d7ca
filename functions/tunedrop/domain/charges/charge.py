"""A charge: one billed interval, or one job's training, estimated by the stack's own prices. Pure.

Money is Decimal where it is added up; a price that is not configured makes an amount unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from tunedrop.domain.charges import periods
from tunedrop.domain.charges.periods import Period
from tunedrop.domain.serving import terms
from tunedrop.domain.serving.purchase_states import ENDED, Purchase
from tunedrop.domain.serving.served_models import ProvenModel
from tunedrop.domain.serving.served_spans import ServedSpan
from tunedrop.domain.serving.terms import Term
from tunedrop.domain.training import missed_models
from tunedrop.domain.training.job_states import ENDED as ENDED_JOB
from tunedrop.domain.training.job_states import Job

PricedKind = Literal["training", "capacity", "storage"]
ChargeKind = PricedKind | Literal["evaluation"]
ChargeUnit = Literal[
    "thousand_tokens", "model_unit_hours", "model_months", "thousand_input_tokens", "thousand_output_tokens"
]

_PRICES: Mapping[PricedKind, str] = {"training": "training_per_1000_tokens", "capacity": "model_unit_hour"}


@dataclass(frozen=True, slots=True)
class Charge:
    """What was, or is being, billed in a period."""

    kind: ChargeKind
    name: str
    """Of the job, the throughput or the custom model in Bedrock; of an evaluation its id."""
    job_id: str | None
    """The job that trained, or made the model; None for an evaluation."""
    deployment: str | None
    """What is capacity, or was asked; None for all else."""
    dataset: str
    version: int
    base_model: str
    owner: str
    began: datetime
    ended: datetime
    """Where it goes on, the end of what was looked at."""
    goes_on: bool
    model_units: int
    unit: ChargeUnit
    """What the price is for."""
    quantity: Decimal | None
    """None: not known before the job's data is prepared."""
    price: Decimal | None
    tags: Mapping[str, str] = field(default_factory=dict)
    """The caller's own, of the job."""

    @property
    def amount(self) -> Decimal | None:
        """In the stack's currency; None where price or quantity is unknown."""
        return None if self.quantity is None or self.price is None else self.quantity * self.price


def price_name(kind: PricedKind, base_model: str, term: Term | None = None) -> str:
    """The key of `Prices`."""
    return "custom_model_month" if kind == "storage" else f"{base_model}.{terms.price_of(_PRICES[kind], term)}"


def price_of(
    kind: PricedKind, base_model: str, prices: Mapping[str, float], term: Term | None = None
) -> Decimal | None:
    """The price of a thousand trained tokens, an hour of a model unit (of a term), or a month of a stored model."""
    price = prices.get(price_name(kind, base_model, term))
    return None if price is None else Decimal(str(price))


def billed(purchase: Purchase, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when capacity was billed, or until now; None where nothing was, as far as we know.

    Before Bedrock has answered the send that buys, it counts too: it may have taken effect.
    """
    exists = purchase.arn is not None or purchase.state == "unknown"
    began = (purchase.billed_since or purchase.attempted_at) if exists else None
    if began is None:
        return None
    return began, max(_ended(purchase, now), began)


def _ended(purchase: Purchase, now: datetime) -> datetime:
    if purchase.deleted_at:
        return purchase.deleted_at
    if purchase.state not in ENDED or purchase.released_at is None:
        return now
    # Somebody else deleted it, and we found out only then: at the latest, that was its schedule.
    return min(purchase.released_at, purchase.brake_fires_at or purchase.released_at)


def thousands_charged(job: Job) -> Decimal | None:
    """The tokens of training, in thousands: an estimate, and of a stopped job the most; None: not known yet.

    A job that failed is not charged, nor one that Bedrock never had (docs/facts.md#job-states).
    """
    status = job.appeared.status if job.appeared else job.status
    if status == "Failed" or (status in ENDED_JOB and job.arn is None):
        return Decimal(0)
    return None if job.trained_tokens is None else Decimal(job.trained_tokens) / 1000


def training_cost(job: Job, prices: Mapping[str, float], currency: str) -> Mapping[str, Any] | None:
    """The cost of a job's training as its charge says it, by the prices of today; None where its tokens are not known.

    `amount` is None, never 0, where no price is configured (docs/facts.md#prices).
    """
    quantity = thousands_charged(job)
    if quantity is None:
        return None
    price = price_of("training", job.base_model, prices)
    if price is None and quantity:
        return {"amount": None, "currency": None, "price_per_1000_tokens": None}
    amount = float(quantity * (price or 0))
    return {"amount": amount, "currency": currency, "price_per_1000_tokens": None if price is None else float(price)}


def of_training(job: Job, prices: Mapping[str, float], period: Period, now: datetime) -> Charge | None:
    """The charge of a job in the period that it ended in, or, while it is open and Bedrock has it, of now."""
    ended = job.ended_at if job.status in ENDED_JOB else None
    began = job.started_at or job.attempted_at
    quantity = thousands_charged(job)
    inside = period.has(ended) if ended else period.since <= now <= period.until
    if began is None or quantity == 0 or not inside:
        return None
    return Charge(
        kind="training",
        name=job.name,
        job_id=job.id,
        deployment=None,
        dataset=job.dataset,
        version=job.version,
        base_model=job.base_model,
        owner=job.owner,
        began=began,
        ended=ended or now,
        goes_on=ended is None,
        model_units=0,
        unit="thousand_tokens",
        quantity=quantity,
        price=price_of("training", job.base_model, prices),
        tags=job.tags,
    )


def of_capacity(
    purchase: Purchase,
    models: Mapping[str, Job | ProvenModel],
    prices: Mapping[str, float],
    period: Period,
    now: datetime,
) -> Iterator[Charge]:
    """The charges of a throughput in the period, one for each model that it served; none on demand.

    `models`: of the purchase's jobs, by their ids.
    """
    interval = billed(purchase, now) if purchase.model_units else None
    if not interval:
        return
    base_model = models[purchase.job_id].base_model
    price = price_of("capacity", base_model, prices, purchase.commitment)
    for span, began in _spans(purchase, *interval):
        hours = period.hours(began, span.until)
        if not hours:
            continue
        model = models.get(span.job_id)
        yield Charge(
            kind="capacity",
            name=purchase.name,
            job_id=span.job_id,
            deployment=purchase.deployment,
            dataset=span.dataset,
            version=span.version,
            base_model=base_model,
            owner=purchase.owner,
            began=max(began, period.since),
            ended=min(span.until, period.until),
            goes_on=span.until == interval[1] and purchase.state not in ENDED and period.until >= now,
            model_units=purchase.model_units,
            unit="model_unit_hours",
            quantity=hours * purchase.model_units,
            price=price,
            tags=model.tags if model else {},
        )


def _spans(purchase: Purchase, began: datetime, ended: datetime) -> Iterator[tuple[ServedSpan, datetime]]:
    """The models that it served while it was billed, each with its beginning."""
    last = ServedSpan(purchase.job_id, purchase.dataset, purchase.version, ended)
    for span in (*purchase.served_before, last):
        until = min(max(span.until, began), ended)
        yield replace(span, until=until), began
        began = until


def of_storage(job: Job, prices: Mapping[str, float], period: Period, now: datetime) -> Charge | None:
    """The charge of keeping a job's custom model in the period, by the parts of its months."""
    if job.status != "Completed" or job.model_arn is None or job.ended_at is None:
        return None
    gone = missed_models.gone_at(job)
    began, ended = max(job.ended_at, period.since), min(gone or now, now, period.until)
    months = periods.months(began, ended) if began < ended else Decimal(0)
    if not months:
        return None
    return Charge(
        kind="storage",
        name=job.name,
        job_id=job.id,
        deployment=None,
        dataset=job.dataset,
        version=job.version,
        base_model=job.base_model,
        owner=job.owner,
        began=began,
        ended=ended,
        goes_on=gone is None and ended >= now,
        model_units=0,
        unit="model_months",
        quantity=months,
        price=price_of("storage", job.base_model, prices),
        tags=job.tags,
    )

"""A purchase while another model is put behind its capacity. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tunedrop.domain.serving import acts, served_spans
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.purchase_states import Purchase, Swap
from tunedrop.domain.serving.served_spans import ServedSpan
from tunedrop.domain.training.bedrock_refusal import Refusal


def ask(purchase: Purchase, swap: Swap, author: Author) -> Purchase:
    """The purchase with another model asked for."""
    return replace(purchase, swap=swap, acts=acts.after(purchase.acts, "swap_asked", author, swap.asked_at))


def send(purchase: Purchase, swap: Swap, now: datetime) -> Purchase:
    """The purchase just before Bedrock is asked for the swap."""
    return replace(purchase, swap=replace(swap, sent_at=now, refusal=None))


def accept(purchase: Purchase, request_id: str | None, now: datetime) -> Purchase:
    """The purchase after Bedrock took the swap; only a later look shows that it serves the other model."""
    return replace(purchase, acts=acts.after(purchase.acts, "swapped", acts.ours(request_id), now))


def refuse(purchase: Purchase, refusal: Refusal) -> Purchase:
    """The purchase after Bedrock refused the last send of its swap."""
    return replace(purchase, swap=replace(purchase.swap, refusal=refusal) if purchase.swap else None)


def end(purchase: Purchase, done: Swap | None, now: datetime) -> Purchase:
    """The purchase once the swap is done, or, without one, given up: it serves the model before.

    What it was billed until now is the model's before, which answered until then; so is what its gate found.
    """
    if done is None:
        return replace(purchase, swap=None)
    if purchase.model_units:
        served = ServedSpan(purchase.job_id, purchase.dataset, purchase.version, now)
        purchase = replace(purchase, served_before=served_spans.after(purchase.served_before, served))
    return replace(
        purchase,
        swap=None,
        gate=None,
        model_arn=done.model_arn,
        job_id=done.job_id,
        dataset=done.dataset,
        version=done.version,
    )

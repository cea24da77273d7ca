"""What a plan for Provisioned Throughput says beside its cost: quotas, break-even, and how it ends by itself. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.training.job_states import Job

IDLE_MINUTES = 60
"""Proposed; nobody has to take it."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From how many requests a day on Provisioned Throughput costs less than on demand.

    What a request's tokens cost depends on how many of them are the answer's, which the data does not tell: `least` if
    all of them were charged as output, `most` if all were charged as input.
    """

    tokens_per_request: int
    least: int
    most: int


def tokens_per_record(job: Job) -> float | None:
    """The mean tokens of a record that the job trained on, estimated: prompt and answer; None if nobody counted."""
    train = (job.splits or {}).get("train")
    epochs = int(job.hyperparameters.get("epochCount", 0))
    if train is None or not train.records or not epochs or not job.trained_tokens:
        return None
    return job.trained_tokens / epochs / train.records


def break_even(
    day: float | None, base_model: BaseModel, prices: Mapping[str, float], tokens_per_request: float | None
) -> BreakEven | None:
    """The break-even; None where a price is not set, or models of this base model are not served on demand."""
    rates = [prices.get(f"{base_model.name}.{each}_per_1000_tokens") for each in ("output", "input")]
    known = [rate for rate in rates if rate]
    if "on_demand" not in base_model.serving or not day or not tokens_per_request or len(known) < len(rates):
        return None
    counts = sorted(math.ceil(day / (rate * tokens_per_request / 1000)) for rate in known)
    return BreakEven(round(tokens_per_request), counts[0], counts[-1])


def advice(base_model: BaseModel, idle_minutes: int | None, even: BreakEven | None) -> tuple[str, ...]:
    """In words."""
    words = [
        f"AWS gives an account 0 model units for {base_model.name} to begin with, and only AWS Support raises that."
    ]
    if even:
        words.append(
            f"Below {even.least:,} requests a day on demand costs less, above {even.most:,} this does, at "
            f"{even.tokens_per_request:,} tokens a request as in its training data."
        )
    if idle_minutes is None:
        words.append(
            f"With idle_minutes, such as {IDLE_MINUTES}, it is released once nobody has called it for so long."
        )
    return tuple(words)

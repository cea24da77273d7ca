"""Whether a base model can still be tuned. Asked of Bedrock each time: the dates differ by Region. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.base_models.catalogue import BaseModel, Serving
from tunedrop.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A base model's lifecycle, as Bedrock reports it (docs/facts.md#lifecycle)."""

    status: str
    """ACTIVE or LEGACY."""
    legacy_at: datetime | None = None
    ends_at: datetime | None = None
    tuned: bool = True
    """Whether Bedrock lists it among the models that are tuned in this Region."""


def check_region(base_model: BaseModel, region: str) -> None:
    """Raises InvalidInput `base_model_not_in_region` if Bedrock trains the base model only in other Regions."""
    if region not in base_model.regions:
        raise InvalidInput(
            "base_model_not_in_region",
            f"{base_model.name} is tuned in {', '.join(base_model.regions)}; this stack is in {region}.",
            field="base_model",
            region=region,
            allowed_regions=list(base_model.regions),
        )


def check(base_model: BaseModel, lifecycle: Lifecycle | None, now: datetime) -> None:
    """Raises Conflict `base_model_unavailable` or `base_model_legacy` if Bedrock no longer tunes the base model."""
    if lifecycle is None:
        raise Conflict(
            "base_model_unavailable",
            f"Bedrock does not know {base_model.customization_id} in this Region. Nothing was started.",
            base_model=base_model.name,
        )
    ended = lifecycle.ends_at is not None and lifecycle.ends_at <= now
    if lifecycle.status == "ACTIVE" and not ended:
        return _check_tuned(base_model, lifecycle)
    raise _legacy(base_model, lifecycle, ended, "starts no new jobs")


def _legacy(base_model: BaseModel, lifecycle: Lifecycle, ended: bool, what: str) -> Conflict:
    return Conflict(
        "base_model_legacy",
        f"{base_model.name} is {'past its end of life' if ended else 'in Legacy state'}{_dates(lifecycle)}: "
        f"Bedrock {what} for it. Nothing was started.",
        base_model=base_model.name,
        status=lifecycle.status,
        legacy_at=_text(lifecycle.legacy_at),
        ends_at=_text(lifecycle.ends_at),
    )


def check_serving(base_model: BaseModel, serving: Serving, lifecycle: Lifecycle | None, now: datetime) -> None:
    """Raises Conflict `base_model_legacy` if Bedrock lets nobody serve a model of this base model in this way any more.

    A base model that it does not know proves nothing here: whether it takes the model is for Bedrock to say.
    """
    if lifecycle is None:
        return
    ended = lifecycle.ends_at is not None and lifecycle.ends_at <= now
    if not ended and (lifecycle.status == "ACTIVE" or serving == "on_demand"):
        return
    raise _legacy(base_model, lifecycle, ended, "sells no new Provisioned Throughput" if not ended else "serves none")


def has_ended(lifecycle: Lifecycle | None, now: datetime) -> bool:
    """Whether the base model is past its end of life, so that nobody can call it."""
    return lifecycle is not None and lifecycle.ends_at is not None and lifecycle.ends_at <= now


def _check_tuned(base_model: BaseModel, lifecycle: Lifecycle) -> None:
    if not lifecycle.tuned:
        raise Conflict(
            "base_model_unavailable",
            f"Bedrock knows {base_model.name}, but does not list it among the models that are tuned in this Region "
            "today (ListFoundationModels, FINE_TUNING). Nothing was started.",
            base_model=base_model.name,
        )


def _dates(lifecycle: Lifecycle) -> str:
    named = {"Legacy since": lifecycle.legacy_at, "end of life": lifecycle.ends_at}
    words = [f"{what} {_text(moment)}" for what, moment in named.items() if moment]
    return f" ({', '.join(words)})" if words else ""


def _text(moment: datetime | None) -> str | None:
    return moment.date().isoformat() if moment else None

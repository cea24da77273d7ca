"""Settle a call that has ended: its key gets back what the call did not use. It never breaks an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tunedrop.domain.charges import call_costs
from tunedrop.domain.messages.answer_usage import Tally
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.messages.key_limits import NOTHING, Reservation, Settlement, Use
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows import key_windows

WITHOUT_STOP = "error"


@cache
def owed() -> dict[str, tuple[Settlement, ...]]:
    """What ended calls of this process have to give back with their key's next update, by the secret's SHA-256."""
    return {}


@dataclass(slots=True)
class Hold:
    """What a call holds of its key until it is settled, once."""

    key: ApiKey
    deployment: Deployment | None
    reservation: Reservation | None
    """None: nothing but its one request."""
    defers: bool = False
    """Whether it is settled by the next call of its key: one that followed another closely is followed by one."""


def answered(hold: Hold, tally: Tally, cloud: Cloud) -> None:
    """Settle a call whose answer has ended: with its true usage, or with all that it held if that is not known."""
    if hold.reservation and tally.outcome == "complete":
        used = _use(hold, tally.input_tokens, tally.output_tokens, cloud)
        _settle(hold, used, tally.stop_reason or WITHOUT_STOP, tally.total_ms, cloud)
    elif hold.reservation:
        _settle(hold, hold.reservation.most, WITHOUT_STOP, tally.total_ms, cloud)


def unused(hold: Hold, error: ApiError, cloud: Cloud) -> None:
    """Settle a call that ended in this error, unless that was done: where a model may have run, it keeps what it held.

    A cut stream and a time-out bill what was generated until then, which nobody tells us.
    """
    if hold.reservation:
        nothing = error.again or error.status in {400, 403, 404, 413, 429} or error.code == "access_denied"
        _settle(hold, NOTHING if nothing else hold.reservation.most, WITHOUT_STOP, 0, cloud)


def owe(digest: str, settled: Iterable[Settlement]) -> None:
    """Have these settled by the key's next update in this process."""
    if more := tuple(settled):
        owed()[digest] = (*owed().get(digest, ()), *more)


def write(digest: str, key_id: str, settled: Settlement, cloud: Cloud) -> None:
    """Write a settlement now, by one try of a second. Never raises: what is lost is free again in the next window."""
    try:
        key_windows.settle(cloud.access_aside, digest, key_id, settled)
    except Exception as fault:  # noqa: BLE001 - whatever it is, there is an answer to send
        logger.warning("a call was not settled", extra={"key_id": key_id, **traced(fault)})


def _settle(hold: Hold, used: Use, stop: str, latency_ms: int, cloud: Cloud) -> None:
    reservation, hold.reservation = hold.reservation, None
    if reservation is None:
        return
    settled = Settlement(reservation, used, stop, latency_ms)
    if hold.defers:
        owe(hold.key.sha256, [settled])
    else:
        write(hold.key.sha256, hold.key.id, settled, cloud)


def _use(hold: Hold, read: int, written: int, cloud: Cloud) -> Use:
    served = hold.deployment
    if served is None:
        return NOTHING
    cost = call_costs.of_call(served.serving, served.base_model, cloud.settings.prices, read, written)
    return Use(read, written, cost)

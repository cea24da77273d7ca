"""The ledger of what was bought and trained, and what is still billed. Every test about money is judged by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bedrock_simulator.entities import Bill
from bedrock_simulator.world import World

SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the ledger.

    `kind` is customization_job, custom_model, provisioned_throughput or custom_model_deployment. Times use the host's
    clock; `hours` is simulated time, multiplied by the time scale, up to the end or until now. Whatever bills by the
    hour costs `units` times `hours`, at the price of its `commitment`, which nobody could end before its term.
    """

    kind: str
    resource_arn: str
    name: str
    client_request_token: str
    tags: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    units: int
    trained_tokens: int
    hours: float
    commitment: str | None

    @property
    def is_live(self) -> bool:
        """Whether it is still billed."""
        return self.ended_at is None


def ledger(world: World, now: datetime) -> tuple[LedgerEntry, ...]:
    """All lines, in the order of purchase."""
    scale = world.configuration.time_scale
    return tuple(_entry(bill, now, scale) for bill in world.bills.values())


def _entry(bill: Bill, now: datetime, scale: float) -> LedgerEntry:
    seconds = ((bill.ended_at or now) - bill.started_at).total_seconds()
    return LedgerEntry(
        kind=bill.kind,
        resource_arn=bill.arn,
        name=bill.name,
        client_request_token=bill.token,
        tags=dict(bill.tags),
        started_at=bill.started_at,
        ended_at=bill.ended_at,
        units=bill.units,
        trained_tokens=bill.trained_tokens,
        hours=seconds * scale / SECONDS_PER_HOUR,
        commitment=bill.commitment,
    )

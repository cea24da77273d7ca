"""The state of the simulated accounts: resources, scheduled steps, and events not sent yet."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bedrock_simulator.agenda import Agenda
from bedrock_simulator.configuration import Configuration, Lifecycle
from bedrock_simulator.entities import Bill, CustomModel, Deployment, Due, Job, Outcome, Throughput
from bedrock_simulator.exchange import Event
from bedrock_simulator.foundation_models import FoundationModel

Commit = Callable[[], None]  # the changes that a step of the agenda makes to the world, all at once
RESOURCE_ID_LENGTH = 12  # docs/facts.md#arns


@dataclass(slots=True)
class World:
    """All state. Mappings are keyed by ARN; `tokens` by account, Region, operation and client token."""

    configuration: Configuration
    jobs: dict[str, Job] = field(default_factory=dict)
    models: dict[str, CustomModel] = field(default_factory=dict)
    throughputs: dict[str, Throughput] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    bills: dict[str, Bill] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    outbox: deque[Event] = field(default_factory=deque)
    failing: deque[str] = field(default_factory=deque)  # of which cause the next jobs fail
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)  # calls by model and question, while it matters
    serial: int = 0

    def next_serial(self) -> int:
        """A number that was never used before."""
        self.serial += 1
        return self.serial

    def new_id(self, now: datetime) -> str:
        """A new resource id of twelve characters."""
        seed = f"{self.next_serial()} {now.isoformat()}"
        return hashlib.sha256(seed.encode()).hexdigest()[:RESOURCE_ID_LENGTH]

    def after(self, now: datetime, simulated_seconds: float) -> datetime:
        """The time `simulated_seconds` ahead, by the time scale."""
        return now + timedelta(seconds=simulated_seconds / self.configuration.time_scale)

    def plan(self, at: datetime, step: str, arn: str) -> None:
        """Schedule a step for a resource."""
        self.agenda.add(Due(at, self.next_serial(), step, arn))

    def lifecycle(self, model: FoundationModel) -> Lifecycle:
        """The configured lifecycle of a base model, by either of its ids."""
        table = self.configuration.lifecycle
        return table.get(model.customization_id) or table.get(model.id) or Lifecycle()

    def charge(self, bill: Bill) -> None:
        """Open or replace a line of the ledger."""
        self.bills[bill.arn] = bill

    def stop_charging(self, arn: str, now: datetime) -> None:
        """Close a line of the ledger."""
        self.bills[arn] = replace(self.bills[arn], ended_at=now)


@dataclass(frozen=True, slots=True)
class Call:
    """One routed and validated request, as operations get it."""

    world: World
    parameters: Mapping[str, Any]
    account: str
    region: str
    now: datetime
    lag_seconds: float = 0

    def __getitem__(self, name: str) -> Any:
        """The value of a parameter; None if absent."""
        return self.parameters.get(name)

    def arn(self, resource: str) -> str:
        """The ARN of a resource in the caller's account and Region."""
        return f"arn:aws:bedrock:{self.region}:{self.account}:{resource}"

    def owns(self, thing: Job | CustomModel | Throughput | Deployment) -> bool:
        """Whether a resource is in the caller's account and Region."""
        return (thing.account, thing.region) == (self.account, self.region)

    def token_key(self, operation: str) -> str:
        """The key under which an earlier call with the same client token is remembered."""
        return "/".join((self.account, self.region, operation, self["clientRequestToken"] or ""))

    def earlier(self, operation: str) -> str | None:
        """The ARN that an earlier call with the same client token created (docs/facts.md#client-tokens)."""
        arn = self.world.tokens.get(self.token_key(operation)) if self["clientRequestToken"] else None
        if arn is None:
            return None
        age = (self.now - self.world.bills[arn].started_at).total_seconds()
        return arn if age < self.world.configuration.token_seconds else None

    def remember(self, operation: str, arn: str) -> None:
        """Remember which resource the client token created."""
        if self["clientRequestToken"]:
            self.world.tokens[self.token_key(operation)] = arn

"""What has happened in one run, as an outsider saw it. The invariants read this and the simulator's ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tunedrop.errors import Unavailable

CREATE_JOB, CREATE_THROUGHPUT = "CreateModelCustomizationJob", "CreateProvisionedModelThroughput"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to ControlApi and its answer; `status` 0: the function died, and the caller heard nothing."""

    method: str
    path: str
    key: str | None
    body: Any
    at: datetime
    struck: bool
    status: int
    answer: Any


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One object that a person put; `content` names what is in it."""

    dataset: str
    slot: str
    key: str
    version_id: str
    at: datetime
    content: str
    good: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery of a message, or one run of reconcile."""

    what: str
    body: Mapping[str, Any]
    at: datetime
    struck: bool
    fault: BaseException | None


@dataclass(frozen=True, slots=True)
class Sent:
    """One call that starts spending, as it left; `recorded`: a row already said then that this token is in flight."""

    operation: str
    parameters: Mapping[str, Any]
    at: datetime
    recorded: bool
    ends_at: datetime | None
    """Of a throughput: when the schedule that stood then deletes it; None where none stood."""
    budget: Decimal | None
    """MonthlyBudget then."""
    reserved: timedelta
    """What all model units of the stack had billed of the month until then, and would until their schedules fire."""
    trained_on: bytes
    """Of a job: the bytes that lie where its request points."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        listed = self.parameters.get("jobTags") or self.parameters.get("tags") or ()
        return {tag["key"]: tag["value"] for tag in listed}


@dataclass(frozen=True, slots=True)
class Touched:
    """One call that deletes or changes what exists and is paid for; `stack` made it, as its tag says."""

    operation: str
    arn: str
    stack: str | None
    at: datetime
    serves: bool
    """Of a custom model: whether capacity of this stack served it at that moment."""


@dataclass(frozen=True, slots=True)
class Called:
    """One call that the Messages API took."""

    deployment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """One notification."""

    type: str
    detail: Mapping[str, Any]
    at: datetime


@dataclass(slots=True)
class History:
    """All of it, in order, since this stack was made."""

    stack: str = ""
    """Its id."""
    requests: list[Asked] = field(default_factory=list)
    uploads: list[Uploaded] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    drained: int = 0
    """How many releases were accepted right after a call."""
    purchases: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By intent: deployment and generation, as long as a row could ever be read."""
    second_units: set[str] = field(default_factory=set)
    """Intents of capacity that was bought beside the one that it replaces."""
    restored: bool = False
    """Whether the tables were put back to an earlier time."""
    published: list[Published] = field(default_factory=list)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    """By job, each status that could be read after a step, once for each change."""
    owners: dict[str, str] = field(default_factory=dict)
    """By job: who asked for it; the stack itself where a dataset did."""
    datasets: dict[str, str] = field(default_factory=dict)
    """By job."""
    plans: list[tuple[str, str]] = field(default_factory=list)
    """Digests of all rows before and after a plan."""
    struck_at: datetime | None = None
    """When a fault last struck."""
    calm: bool = False
    """The step that just ended ran reconcile and carried everything out, and no fault struck of late."""

    def strikes(self) -> int:
        """How many faults struck."""
        return sum(asked.struck for asked in self.requests) + sum(each.struck for each in self.deliveries)

    def accepted(self, method: str, path: str) -> list[Asked]:
        """Requests whose path begins so, and which were answered with 200 to 202."""
        return [
            asked
            for asked in self.requests
            if asked.method == method and asked.path.startswith(path) and 200 <= asked.status <= 202
        ]

    def puts(self, deployment: str | None) -> list[Asked]:
        """Requests that may have changed that deployment, or any; nobody knows of those that were not answered."""
        path = f"/deployments/{deployment}" if deployment else "/deployments/"
        puts = [asked for asked in self.requests if asked.method == "PUT" and asked.path.startswith(path)]
        return [asked for asked in puts if not 400 <= asked.status < 500]

    def jobs(self) -> dict[str, Asked]:
        """By job id: the request that first answered with it."""
        first: dict[str, Asked] = {}
        for asked in self.accepted("POST", "/jobs"):
            if asked.path == "/jobs" and asked.key:
                first.setdefault(asked.answer["id"], asked)
        return first


def is_wait(fault: BaseException | None) -> bool:
    """Whether a delivery only asked to come again."""
    return isinstance(fault, Unavailable)

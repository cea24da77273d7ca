"""What can be seen of the program from outside: Bedrock's ledger, the bucket, and what rows say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bedrock_simulator import LedgerEntry
from moto.backends import get_backend

from tests.faults.stateful.history import History
from tests.integration.bedrock_world import World
from tests.integration.conftest import ACCOUNT
from tests.integration.faster_moto import same_rows

REGION = "us-west-2"
PAID = ("provisioned_throughput", "custom_model_deployment")


@dataclass
class Seen:
    """Looks only; nothing here changes anything."""

    world: World
    history: History = field(default_factory=History)
    past: list[Any] = field(default_factory=list)
    """StateTable's rows after each step."""

    @property
    def now(self) -> datetime:
        """Where the clock stands."""
        return self.world.clock.now()

    def ledger(self, kind: str) -> list[LedgerEntry]:
        """What the simulated Bedrock says that this stack ever paid for."""
        ours = self.history.stack
        entries = self.world.simulator.ledger()
        return [entry for entry in entries if entry.kind == kind and entry.tags.get("tunedrop:stack") == ours]

    def every_purchase(self) -> list[LedgerEntry]:
        """Every throughput that this stack or an earlier one bought."""
        entries = self.world.simulator.ledger()
        return [entry for entry in entries if entry.kind == PAID[0] and "tunedrop:stack" in entry.tags]

    def by_hand(self) -> list[LedgerEntry]:
        """Every throughput that a person bought past all stacks."""
        entries = self.world.simulator.ledger()
        return [entry for entry in entries if entry.kind == PAID[0] and "tunedrop:stack" not in entry.tags]

    def bedrock_jobs(self) -> list[Any]:
        """All jobs that Bedrock ever had of this stack."""
        jobs = self.world.simulator._world.jobs.values()
        return [job for job in jobs if self.tags(job.arn)["tunedrop:stack"] == self.history.stack]

    def wishes(self) -> Mapping[str, Mapping[str, Any]]:
        """By job, the deployment that its request wished for."""
        return {job: asked.body["deployment"] or {} for job, asked in self.history.jobs().items()}

    def tags(self, arn: str) -> Mapping[str, str]:
        """Of something in Bedrock."""
        return self.world.simulator._world.tags[arn]

    def served(self, arn: str) -> str | None:
        """The model that a throughput serves; None: it is gone, or is being given another one."""
        found = self.world.simulator._world.throughputs.get(arn)
        return found.model_arn if found and found.status != "Updating" else None

    def served_models(self) -> set[str]:
        """The models that throughputs of this stack serve, by ARN."""
        throughputs = self.world.simulator._world.throughputs.values()
        return {
            each.model_arn for each in throughputs if self.tags(each.arn).get("tunedrop:stack") == self.history.stack
        }

    def reserved_this_month(self) -> timedelta:
        """What model units of this stack bill of the month, each for itself: so far, and until their schedules fire.

        What is being released counts so far.
        """
        month = self.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        month_ends, schedules = (month + timedelta(days=32)).replace(day=1), self.world.schedules()
        live = (row for row in self.purchases() if "state" in row and row["state"].value == "live")
        stays = {row["arn"].value for row in live if "release_requested" not in row}
        reserved = timedelta()
        for entry in self.ledger(PAID[0]):
            ends = entry.ended_at or self.now
            if entry.is_live and entry.resource_arn in stays:
                ends = min(max(schedules.get(entry.name, ends), ends), month_ends)
            reserved += max(ends - max(entry.started_at, month), timedelta()) * entry.units
        return reserved

    def deployments(self) -> Mapping[str, Mapping[str, Any]]:
        """Heads of deployments by name, attributes as moto holds them."""
        heads = (row for row in self.rows() if row["sk"].value == "HEAD" and "name" in row)
        return {row["name"].value: row for row in heads if row["pk"].value.startswith("DEPLOYMENT#")}

    def answering(self) -> list[str]:
        """The deployments that take calls now."""
        return [name for name, row in self.deployments().items() if row["state"].value in {"Ready", "Updating"}]

    def trained(self) -> Mapping[str, str]:
        """The names of the custom models by the jobs that completed."""
        return {
            row["pk"].value.removeprefix("JOB#"): row["name"].value
            for row in self.rows()
            if row["sk"].value == "JOB" and "status" in row and row["status"].value == "Completed"
        }

    def purchases(self) -> Iterator[Mapping[str, Any]]:
        """Rows of purchases, attributes as moto holds them."""
        return (row for row in self.rows() if row["sk"].value.startswith("PURCHASE#") and "intent_id" in row)

    def objects(self) -> Any:
        """The bucket's versions by key, as moto holds them."""
        return get_backend("s3")[ACCOUNT]["aws"].buckets[self.world.stack.bucket].keys

    def stored(self) -> Iterator[tuple[str, Any]]:
        """Each key of the bucket with each of its versions and delete markers."""
        keys = self.objects()
        return ((key, kept) for key in keys for kept in keys.getlist(key))

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """StateTable's rows, attributes as moto holds them."""
        for rows in get_backend("dynamodb")[ACCOUNT][REGION].tables["StateTable"].items.values():
            for row in rows.values():
                yield row.attrs

    def has_open_work(self) -> bool:
        """Whether a job or a purchase has not ended, or a deletion is not through."""
        return any(row["pk"].value == "OPEN" or _is_deletion(row) for row in self.rows())

    def expiry(self, arn: str) -> datetime | None:
        """When the purchase of that throughput says that it ends."""
        for row in self.purchases():
            if "arn" in row and row["arn"].value == arn:
                return datetime.fromisoformat(row["expires_at"].value) if "expires_at" in row else None
        return None

    def look(self) -> None:
        """Note what can be read after a step."""
        self.past.append(same_rows(get_backend("dynamodb")[ACCOUNT][REGION].tables["StateTable"].items))
        for row in self.rows():
            if row["sk"].value.startswith("PURCHASE#") and "intent_id" in row:
                whose = (row["deployment"].value, int(row["generation"].value))
                self.history.purchases[row["intent_id"].value] = whose
                if "replaces" in row and "arn" in row:
                    self.history.second_units.add(row["intent_id"].value)
            if row["sk"].value == "JOB" and row["pk"].value.startswith("JOB#"):
                job = row["pk"].value.removeprefix("JOB#")
                self.history.owners[job] = row["requested_by"].value
                self.history.datasets[job] = row["dataset"].value
                seen = self.history.statuses.setdefault(job, [])
                if not seen or seen[-1] != row["status"].value:
                    seen.append(row["status"].value)

    def is_in_flight(self, token: str | None) -> bool:
        """Whether a row says that this token may have been sent."""
        return any(_is_in_flight(row, token) for row in self.rows())

    def digest(self) -> str:
        rows = sorted(str(row) for row in self.rows())
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _is_in_flight(row: Mapping[str, Any], token: str | None) -> bool:
    if "token" not in row or row["token"].value != token:
        return False
    return "attempted_at" in row and ("state" not in row or row["state"].value == "unknown")


def _is_deletion(row: Mapping[str, Any]) -> bool:
    return "kind" in row and row["kind"].value == "deletion"

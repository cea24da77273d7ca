"""What our rows say was billed, held against the simulated Bedrock's ledger at the end of each test that has one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bedrock_simulator import LedgerEntry
from tunedrop.domain.charges import charge
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training.job_states import Job
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.rows.attributes import unmarshal
from tunedrop.edges.rows.stored import UnreadableRow

if TYPE_CHECKING:
    from tests.integration.bedrock_world import World

MINUTE = timedelta(minutes=1)
WORLDS: list[World] = []
"""Those that the running test has made."""


def disagreements(world: World) -> Iterator[str]:
    """Each throughput that our rows charge from, or to, another minute than Bedrock does, and models stored on.

    What no row knows is left out: tests say themselves what becomes of that, and of a second one for one purchase.
    """
    bought = world.bought()
    purchases = {purchase.intent_id: purchase for purchase in _purchases(world)} if bought else {}
    for entry in bought:
        purchase = purchases.get(entry.tags.get("tunedrop:intent", ""))
        if purchase and purchase.arn in {None, entry.resource_arn}:
            yield from _differences(entry, purchase, world.clock.now())
    yield from _still_stored(world)


def _still_stored(world: World) -> Iterator[str]:
    """Each custom model that Bedrock stores on, though its job's row says that it was deleted."""
    stored = world.live("custom_model")
    deleted = {job.model_arn: job for job in _jobs(world) if job.model_deletion and job.model_deletion.deleted_at}
    for entry in stored:
        if entry.resource_arn in deleted:
            yield f"the custom model of job {deleted[entry.resource_arn].id} is stored, and its row says that it is not"


def _jobs(world: World) -> Iterator[Job]:
    if not world.has_tables():
        return
    for row in map(unmarshal, world.rows()):
        if row["pk"].startswith("JOB#") and row["sk"] == "JOB":
            try:
                yield job_rows.job_from(row)
            except UnreadableRow:
                continue


def _purchases(world: World) -> Iterator[Purchase]:
    if not world.has_tables():
        return
    for row in map(unmarshal, world.rows()):
        if row["pk"].startswith("DEPLOYMENT#") and row["sk"].startswith("PURCHASE#"):
            try:
                yield deployment_rows.purchase_from(row)
            except UnreadableRow:
                continue


def _differences(entry: LedgerEntry, purchase: Purchase, now: datetime) -> Iterator[str]:
    interval = charge.billed(purchase, now)
    if interval is None:
        yield f"{purchase.id} is billed, and its row says that it is not"
        return
    began, ended = interval
    never_shown = purchase.billed_since is None and purchase.deleted_at is None  # gone before restored rows knew of it
    if abs(began - entry.started_at) > MINUTE and not never_shown:
        yield f"{purchase.id} is billed since {entry.started_at}, and its row says {began}"
    found_out_later = purchase.deleted_at is None and ended > (entry.ended_at or now)  # by somebody else, or unanswered
    if abs(ended - (entry.ended_at or now)) > MINUTE and not found_out_later:
        yield f"{purchase.id} is billed until {entry.ended_at or 'now'}, and its row says {ended} ({purchase.state})"

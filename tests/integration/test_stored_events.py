"""An own event of today tells what an earlier release told of the same fact, under the same id.

Who receives events drops repeats by `event_id`: a fact that is told again after an update, or after going back, must
not look like another one. Fields may come, and sentences for people may change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from tunedrop.domain.charges.budget_items import BudgetItem, BudgetPricing
from tunedrop.domain.charges.budget_limits import BudgetFact
from tunedrop.domain.charges.monthly_budget import BudgetNow
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.reports import (
    budget_notifications,
    dataset_notifications,
    deletion_notifications,
    deployment_notifications,
    evaluation_notifications,
    job_notifications,
    orphan_notifications,
    reconcile_notifications,
    retirement_notifications,
)
from tunedrop.domain.reports.budget_notifications import RunningCapacity
from tunedrop.domain.reports.dataset_notifications import Publisher
from tunedrop.domain.reports.job_notifications import Waiting
from tunedrop.domain.reports.notifications import Notification
from tunedrop.domain.reports.orphan_notifications import Finder
from tunedrop.domain.reports.reconcile_notifications import Reconciled
from tunedrop.domain.reports.retirement_notifications import Affected
from tunedrop.domain.serving.capacity_costs import Bill, Cost
from tunedrop.domain.serving.lost_purchases import Lost
from tunedrop.domain.serving.purchase_facts import Fact
from tunedrop.domain.serving.purchase_states import Announcement, Capacity
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.training.retirement import Retirement
from tunedrop.domain.training.start_request import StartJob
from tunedrop.edges.rows.writes import Delete

from tests.integration.stored_rows import StoredRow, stored
from tests.integration.test_stored_rows import READ, put

FIXTURES = Path(__file__).parents[1] / "fixtures" / "events"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
STACK_ID = "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
SENDER = Publisher(STACK_ID, "tunedrop-data-123456789012", NOW)
FOR_PEOPLE = {"summary", "next_command", "remedy"}
ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/4c2f9a7d1b3e"
BILL = Bill(Cost(20.0, 480.0, 100.0, "USD"), 960.0, 2, 60.0)
PRICING = BudgetPricing.at(NOW, {"claude-3-haiku.model_unit_hour": 20.0})
BUDGET = BudgetNow(Decimal(1_000), "USD", PRICING, {"job x": BudgetItem("job x", (Decimal(810), Decimal(0)))}, 3)
CAPACITY = Capacity(ARN, "support-prod", "", "Ready")


def of_jobs(job: Any) -> Iterator[Notification]:
    for status in ("InProgress", "Completed", "Failed", "Stopped"):
        yield job_notifications.notification(job, status, STACK_ID, NOW, bucket="data")
    at = datetime(2027, 3, 1, tzinfo=UTC)
    affected = Affected(job, ["support-prod"], "nova-lite")
    yield retirement_notifications.notification(affected, Retirement("end", at, 90), STACK_ID, NOW)
    if job.appeared:
        yield job_notifications.of_appearance(job, STACK_ID, NOW)
    if job.wait:
        waiting = Waiting(job.wait, (Quota("L-1D0DF7B0", "Custom models per account", 100.0, adjustable=True),), NOW)
        yield job_notifications.of_wait(job, waiting, STACK_ID, NOW)


def of_purchases(purchase: Any) -> Iterator[Notification]:
    for kind in get_args(Announcement):
        fact = Fact(kind, minutes_ahead=15 if kind == "expiring" else None)
        yield deployment_notifications.notification(purchase, fact, BILL, STACK_ID, NOW)
    yield deployment_notifications.notification(purchase, Fact(None, day=2), BILL, STACK_ID, NOW)
    for budget_fact in get_args(BudgetFact):
        running = [RunningCapacity(purchase, "claude-3-haiku")]
        yield budget_notifications.notification(budget_fact, BUDGET, running, STACK_ID, NOW)


def of_versions(version: Any) -> Iterator[Notification]:
    if version.status not in {"accepted", "rejected"}:
        return
    yield dataset_notifications.judged(version, SENDER)
    job = OnAccept(StartJob(version.dataset, "claude-3-haiku"), "01hzz000000000000000000009", "Requested")
    yield dataset_notifications.judged(version, SENDER, unchanged="v2", job=job)


def of_deletions(deletion: Any) -> Iterator[Notification]:
    yield deletion_notifications.deleted(deletion, STACK_ID, NOW)


def of_evaluations(evaluation: Any) -> Iterator[Notification]:
    if evaluation.ended_at:
        yield evaluation_notifications.notification(evaluation, STACK_ID, NOW)


TOLD: Mapping[str, Callable[[Any], Iterator[Notification]]] = {
    "job": of_jobs,
    "purchase": of_purchases,
    "dataset_version": of_versions,
    "deletion": of_deletions,
    "evaluation": of_evaluations,
}


def without_rows() -> Iterator[Notification]:
    found = Reconciled(1, 1, {"check_job": 1}, (CAPACITY,), (CAPACITY,))
    yield reconcile_notifications.notification(found, STACK_ID, NOW)
    lost = Lost(CAPACITY, {"tunedrop:owner": "support-team", "tunedrop:deployment": "support-prod"}, None, NOW)
    yield orphan_notifications.found(
        lost, "it serves no custom model of this stack", 1, Finder(STACK_ID, NOW, {}, "USD")
    )
    defect = Defect("unrecognized_key", "incoming/train.jsonl names no dataset.")
    yield dataset_notifications.refused(defect, "incoming/train.jsonl", None, "v1", SENDER)


def told_of(stack: Any, row: StoredRow) -> list[Notification]:
    """What is told of a row of an earlier release."""
    table = put(stack, row)
    value = READ[row.kind](table, row.key)
    table.delete(Delete(row.key))
    return list(TOLD[row.kind](value))


def told_now(stack: Any) -> dict[str, Notification]:
    """Every own event that can be told of the stored rows, by row and type."""
    told = {f"{each.type} of no row": each for each in without_rows()}
    for row in stored(*TOLD):
        for each in told_of(stack, row):
            name = f"{each.type} of {row.label}"
            told[f"{name}, again" if name in told else name] = each
    return told


def kept(stored_value: Any, value: Any) -> bool:
    """Whether a value still says all that it said; objects may say more."""
    if isinstance(stored_value, dict) and isinstance(value, dict):
        return all(name in value and kept(each, value[name]) for name, each in stored_value.items())
    if isinstance(stored_value, list) and isinstance(value, list) and len(stored_value) == len(value):
        return all(kept(*pair) for pair in zip(stored_value, value, strict=True))
    return bool(stored_value == value)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_release_told_is_told_the_same_way(stack, path):
    told = told_now(stack)
    for name, event in json.loads(path.read_text("utf-8")).items():
        assert name in told, f"{name}: no such event any more"
        assert told[name].type == event["type"]
        now = json.loads(json.dumps(told[name].detail()))
        for field, value in event["detail"].items():
            same = isinstance(now.get(field), str) if field in FOR_PEOPLE else kept(value, now.get(field))
            assert same, f"{name}: {field} was {value!r}, is {now.get(field)!r}"


def test_every_type_that_docs_api_md_names_is_stored():
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8").split("## Own events")[1]
    named = {
        word.strip("` ")
        for line in page.splitlines() if line.startswith("| `")
        for word in line.split("|")[1].split(",")
    }  # fmt: skip
    types = {event["type"] for path in FIXTURES.glob("*.json") for event in json.loads(path.read_text()).values()}
    assert named - {"TestNotification"} == types, "which a person puts there, and no function"
    assert len(types) >= 13

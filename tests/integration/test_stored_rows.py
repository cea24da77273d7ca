"""A row that an earlier release wrote reads as what it meant, and may be changed."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tunedrop.actions.datasets import trace_models
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.model_evaluations import ModelEvaluation
from tunedrop.domain.messages import key_limits
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.serving.calls_seen import CallsSeen
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import MetricChunk
from tunedrop.domain.versions.deletions import Deletion, Tombstone
from tunedrop.domain.versions.versioning import Head, Version
from tunedrop.edges.rows import (
    budget_rows,
    call_rows,
    dataset_rows,
    deployment_rows,
    evaluation_rows,
    job_rows,
    key_rows,
    key_windows,
    metric_rows,
    on_accept_rows,
    orphan_rows,
    part_rows,
    request_rows,
    running_job_slots,
    tombstone_rows,
    upload_rows,
    usage_rows,
)
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.deployment_rows import UnitsSpokenFor
from tunedrop.edges.rows.key_windows import Take, Taken
from tunedrop.edges.rows.on_accept_rows import Claim
from tunedrop.edges.rows.orphan_rows import ToldOrphan
from tunedrop.edges.rows.request_rows import KEPT, RequestIdentity, StoredRequest
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.upload_rows import Upload
from tunedrop.edges.rows.writes import Delete, Key, Put, Update

from tests import builders
from tests.integration.stored_rows import StoredRow, described, stored

NOW = datetime(2027, 1, 1, tzinfo=UTC)
ROUTE = "POST /jobs"
EDGES = Path(__file__).parents[2] / "functions" / "tunedrop" / "edges"
ACCESS = {"api_key", "api_key_listing", "calls", "request", "usage"}


def number(key: Key) -> int:
    return int(key.sk.rsplit("#", 1)[1])


def named(key: Key) -> str:
    return key.pk.split("#", 1)[1]


def chunk(table: Table, key: Key) -> MetricChunk | None:
    split: Any = key.sk.split("#")[1]
    return metric_rows.load_chunk(table, named(key), split, number(key))


def upload(table: Table, key: Key) -> Upload | None:
    _, slot, version_id = key.sk.split("#", 2)
    return upload_rows.load(table, named(key), slot, version_id)


def parts(table: Table, key: Key) -> Any:
    _, slot, version_id, _ = key.sk.split("#")
    return part_rows.load(table, named(key), slot, version_id)


def deletion(table: Table, key: Key) -> Deletion | None:
    return tombstone_rows.load(table, named(key), key.sk.removeprefix("DELETION#"))


def request(table: Table, key: Key) -> StoredRequest | None:
    identity = RequestIdentity(builders.CALLER, ROUTE, key.sk)
    return request_rows.begin(table, identity, "another body", "another effect", NOW)


def api_key(table: Table, key: Key) -> ApiKey | None:
    row = table.get(key_rows.key_of(named(key)))
    return key_rows.from_row(row) if row else None


READ: Mapping[str, Callable[[Table, Key], Any]] = {
    "api_key": api_key,
    "api_key_listing": lambda table, key: key_rows.load(table, key.sk),
    "calls": lambda table, key: call_rows.load(table, key.sk),
    "usage": lambda table, key: [
        asdict(each) | {"used": asdict(each.used) | {"cost": str(each.used.cost)}}
        for each in usage_rows.between(table, key.sk[:10], key.sk[:10])
    ],
    "budget": lambda table, key: asdict(budget_rows.load(table)),
    "dataset_head": lambda table, key: dataset_rows.load_head(table, named(key)),
    "dataset_version": lambda table, key: dataset_rows.load_version(
        table, named(key), number(key), erasing=True, parts=False
    ),
    "deletion": deletion,
    "deployment": lambda table, key: deployment_rows.load(table, named(key)),
    "evaluation": lambda table, key: evaluation_rows.load(table, named(key)),
    "evaluation_calls": lambda table, key: evaluation_rows.progress(table, named(key)),
    "job": lambda table, key: job_rows.load(table, named(key)),
    "job_name": lambda table, key: (table.get(key) or {})["job_id"],
    "job_slots": lambda table, key: (table.get(running_job_slots.KEY) or {}).get("holders"),
    "metrics": chunk,
    "model_evaluation": lambda table, key: evaluation_rows.of_model(table, named(key).removeprefix("JOB#"), 1)[0],
    "model_units": lambda table, key: deployment_rows.units_taken(table),
    "on_accept": lambda table, key: on_accept_rows.claim(table, named(key), 99, "another job", NOW),
    "open_evaluation": lambda table, key: list(evaluation_rows.standing_ids(table)),
    "open_job": lambda table, key: [row["job_id"] for row in table.query("OPEN", "JOB#").rows],
    "open_purchase": lambda table, key: [
        [row["deployment"], row["generation"]] for row in table.query("OPEN", "PURCHASE#").rows
    ],
    "orphan": lambda table, key: orphan_rows.load(table, named(key)),
    "parts": parts,
    "purchase": lambda table, key: deployment_rows.load_purchase(table, named(key), number(key)),
    "purchase_intent": lambda table, key: [(table.get(key) or {})[name] for name in ("deployment", "generation")],
    "request": request,
    "tombstone": lambda table, key: tombstone_rows.load_tombstone(table, named(key), number(key)),
    "upload": upload,
}
VALUES: Mapping[str, type[Any]] = {
    "api_key": ApiKey,
    "calls": CallsSeen,
    "dataset_head": Head,
    "dataset_version": Version,
    "deletion": Deletion,
    "deployment": Deployment,
    "evaluation": Evaluation,
    "job": Job,
    "model_evaluation": ModelEvaluation,
    "on_accept": Claim,
    "orphan": ToldOrphan,
    "purchase": Purchase,
    "request": StoredRequest,
    "tombstone": Tombstone,
    "upload": Upload,
}


def each(table: Table, kind: str, read: Callable[[Row], Any]) -> list[Any]:
    """What a listing of that kind gives."""
    return [read(row) for row in table.listing(kind, limit=2).rows]


LISTED: Mapping[str, Callable[[Table, Key], Any]] = {
    "api_key_listing": lambda table, key: key_rows.listing(table, limit=2, cursor=None)[0],
    "calls": lambda table, key: list(call_rows.load_all(table).values()),
    "dataset_head": lambda table, key: dataset_rows.list_heads(table, 2, None).heads,
    "dataset_version": lambda table, key: dataset_rows.list_versions(table, named(key), 2).versions,
    "deletion": lambda table, key: tombstone_rows.unfinished(table),
    "deployment": lambda table, key: each(table, deployment_rows.KIND, deployment_rows.deployment_from),
    "evaluation": lambda table, key: each(table, evaluation_rows.KIND, evaluation_rows.evaluation_from),
    "job": lambda table, key: each(table, job_rows.KIND, job_rows.job_from),
    "tombstone": lambda table, key: tombstone_rows.list_tombstones(table, named(key), 2, None).tombstones,
}
WRITTEN: Mapping[str, Callable[[Any], Put]] = {
    "deployment": deployment_rows.put_changed,
    "evaluation": evaluation_rows.put,
    "job": job_rows.put_job,
    "purchase": deployment_rows.put_purchase,
}


def write_head(table: Table, row: StoredRow, head: Head) -> None:
    table.put(Put(dataset_rows.put_head(head).row))
    if unseen(row):  # as the deletion of its dataset does it
        table.update(Update(row.key, remove=("kind", "listed_at")))


def write_version(table: Table, row: StoredRow, version: Version) -> None:
    table.update(Update(row.key, set={"status": "processing"}))
    dataset_rows.finish_version(table, version)


def write_upload(table: Table, row: StoredRow, made: Upload) -> None:
    if made.slot == upload_rows.REQUEST:
        upload_rows.begin_request(table, made.dataset, made.version_id, made.splits, made.received_at)
    else:
        upload_rows.begin(table, made.dataset, made.slot, made.key, made.version_id, made.received_at)
    if made.version is not None:
        table.update(upload_rows.tie(made, made.version))
    if "finished_at" in row.item:
        upload_rows.finish(table, made, made.status, moment(row, "finished_at"))


def write_deletion(table: Table, row: StoredRow, asked: Deletion) -> None:
    head = Head(asked.dataset, NOW, NOW, revision=1)
    table.update(Update(dataset_rows.head_key(asked.dataset), set={"revision": 1}))
    state = "erasing" if asked.state == "erased" else asked.state
    tombstone_rows.ask_dataset(table, replace(asked, state=state, erased_at=None), head)
    if "held_until" in row.item:
        tombstone_rows.hold(table, asked, moment(row, "held_until") - tombstone_rows.HELD)
    if asked.erased_at:
        tombstone_rows.finish(table, asked, head, asked.erased_at)
    table.delete(Delete(dataset_rows.head_key(asked.dataset)))


def take(table: Table, sha256: str, deployment: str | None, now: datetime) -> Taken:
    return key_windows.take(table, Take(str(next(CALLS)), sha256, deployment, None, key_limits.NOTHING, now))


def write_api_key(table: Table, row: StoredRow, key: ApiKey) -> None:
    for place in (key_rows.key_of(key.sha256), Key(key_rows.LISTING, key.id)):
        table.delete(Delete(place))
    key_rows.insert(table, replace(key, last_used_at=None, revoked_at=None))
    if key.last_used_at:
        take(table, key.sha256, None, key.last_used_at)
    if key.revoked_at:
        key_rows.revoke(table, key, key.revoked_at)


def write_claim(table: Table, row: StoredRow, claim: Claim) -> None:
    on_accept_rows.claim(table, claim.dataset, claim.version, claim.job_id, moment(row, "claimed_at"))
    if claim.code:
        on_accept_rows.refuse(table, claim)


def write_request(table: Table, row: StoredRow, first: StoredRequest) -> None:
    identity = RequestIdentity(builders.CALLER, ROUTE, row.key.sk)
    begun = datetime.fromtimestamp(int(row.item["expires"]["N"]), UTC) - KEPT
    request_rows.begin(table, identity, first.body_sha256, first.effect_id, begun)
    if first.held_until == begun.isoformat():
        request_rows.let_go(table, identity, begun)
    if first.state == "answered":
        request_rows.answered(table, identity, first.status, first.answer)


def write_parts(table: Table, row: StoredRow, found: Any) -> None:
    _, slot, version_id, _ = row.key.sk.split("#")
    for each in part_rows.named(named(row.key), slot, version_id, found):
        table.put(each)


def write_chunk(table: Table, row: StoredRow, points: MetricChunk) -> None:
    split: Any = row.key.sk.split("#")[1]
    metric_rows.put_chunks(table, named(row.key), split, iter([points]))


def write_changed(table: Table, row: StoredRow, value: Any) -> None:
    table.put(Put(WRITTEN[row.kind](replace(value, revision=value.revision - 1)).row))


REWRITTEN: Mapping[str, Callable[[Table, StoredRow, Any], None]] = {
    "api_key": write_api_key,
    "api_key_listing": write_api_key,
    "dataset_head": write_head,
    "dataset_version": write_version,
    "deletion": write_deletion,
    "deployment": write_changed,
    "job": write_changed,
    "metrics": write_chunk,
    "on_accept": write_claim,
    "parts": write_parts,
    "purchase": write_changed,
    "request": write_request,
    "tombstone": lambda table, row, value: tombstone_rows.remember(table, value),
    "upload": write_upload,
}
CALLS = itertools.count()
COUNTED = {"call", "changes", "window", *(limit.left for limit in key_limits.LIMITS)}
"""What the calls of a key leave in its row."""
ADDED_LATER = {
    "dataset_head": {"deletion", "erasing"},
    "dataset_version": {"erasing", "confirmed"},
    "api_key": COUNTED,
}
"""Attributes that a deletion, or a call with the key, adds to a row or changes: no write of the whole row has them."""

LIMITS = {"requests_per_minute", "max_tokens", "tokens_per_minute", "tokens_per_day"}
ADDED = {
    "deployment": {"idle_minutes"},
    "job": {
        *("accept_unknown_price", "calls", "deployment.on_budget", "phases", "model_deletion", "retirements_told"),
        *("skipped_versions", "tags"),
    },
    "purchase": {
        *("acts", "brake_failure", "brake_fires_at", "brake_refused", "brake_tried_at"),
        *("billing_days_told", "end_set_at", "idle_from", "idle_minutes", "warned"),
        *("accept_unknown_price", "on_budget", "served_before"),
    },
    "api_key": {*LIMITS, *COUNTED},
    "api_key_listing": LIMITS,
}
"""Attributes that earlier rows lack: they read as the defaults, and earlier code passes them over. One of a map's own
stands behind the map's name."""


def moment(row: StoredRow, name: str) -> datetime:
    return datetime.fromisoformat(row.item[name]["S"])


def said(attribute: Any) -> Any:
    """An attribute in the low-level client's form, with numbers by value: DynamoDB keeps 1 and 1.0 as the same."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return Decimal(value)
    if kind == "M":
        return {name: said(each) for name, each in value.items()}
    if kind == "L":
        return [said(each) for each in value]
    return {kind: sorted(value) if kind == "SS" else value}


def without_new_nulls(written: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Without the members of maps that 0.1.0 did not know and that hold nothing: it passes them over."""
    kept = dict(written)
    for name, attribute in written.items():
        if "M" in attribute and "M" in expected.get(name, {}):
            before = expected[name]["M"]
            members = {key: each for key, each in attribute["M"].items() if key in before or each != {"NULL": True}}
            kept[name] = {"M": members}
        if "L" in attribute and "L" in expected.get(name, {}):
            before = expected[name]["L"]
            pairs = zip(attribute["L"], before, strict=False)
            alike = [without_new_nulls({"": each}, {"": known})[""] for each, known in pairs]
            kept[name] = {"L": [*alike, *attribute["L"][len(before) :]]}
    return kept


def put(stack, row: StoredRow) -> Table:
    """The row in its table as it was stored, and that table."""
    table: Table = stack.access_table if row.kind in ACCESS else stack.table
    stack.dynamodb.put_item(TableName=table.name, Item=row.item)
    return table


def one(kind: str, name: str) -> StoredRow:
    return next(row for row in stored(kind) if (row.release, row.name) == ("0.1.0", name))


def unseen(row: StoredRow) -> bool:
    """Whether listings leave it out: a dataset, a version or a deletion that is on its way out, or gone."""
    indexed = row.kind in {"dataset_head", "deletion"}
    return "kind" not in row.item if indexed else row.kind == "dataset_version" and "erasing" in row.item


@pytest.mark.parametrize("kind", sorted(READ))
def test_a_stored_row_reads_as_what_it_meant(stack, kind):
    for row in stored(kind):
        table = put(stack, row)
        assert described(READ[kind](table, row.key)) == row.value, row.label
        table.delete(Delete(row.key))


@pytest.mark.parametrize("kind", sorted(LISTED))
def test_a_stored_row_is_listed_as_what_it_meant(stack, kind):
    for row in stored(kind):
        table = put(stack, row)
        found = [described(value) for value in LISTED[kind](table, row.key)]
        assert found == ([] if unseen(row) else [row.value]), row.label
        table.delete(Delete(row.key))


@pytest.mark.parametrize("kind", sorted(WRITTEN))
def test_a_stored_row_may_be_written_over_and_loses_nothing(stack, kind):
    for row in stored(kind):
        table = put(stack, row)
        value = READ[kind](table, row.key)
        assert table.put(WRITTEN[kind](value)).done, row.label
        assert READ[kind](table, row.key) == replace(value, revision=value.revision + 1), row.label
        assert not table.put(WRITTEN[kind](value)).done, "a write over a revision that has passed"


@pytest.mark.parametrize("kind", sorted(REWRITTEN))
def test_what_is_written_now_is_what_0_1_0_wrote_so_it_can_read_it(stack, kind):
    """Each attribute by its name, its type and its text; rows that were made by hand were written by no release."""
    made = [row for row in stored(kind) if row.release == "0.1.0" and not row.name.startswith("made by hand")]
    assert made
    for row in made:
        table = put(stack, row)
        value = READ[kind](table, row.key)
        table.delete(Delete(row.key))
        REWRITTEN[kind](table, row, value)
        key = {name: row.item[name] for name in ("pk", "sk")}
        written = stack.dynamodb.get_item(TableName=table.name, Key=key)["Item"]
        expected = {name: each for name, each in row.item.items() if name not in ADDED_LATER.get(kind, ())}
        added = ADDED.get(kind, set()) - expected.keys()
        known = {name: each for name, each in written.items() if name not in added | ADDED_LATER.get(kind, set())}
        for outer, inner in (name.split(".") for name in added if "." in name):
            if inner not in expected.get(outer, {}).get("M", {inner}):
                known[outer]["M"].pop(inner)
        assert said({"M": without_new_nulls(known, expected)}) == said({"M": expected}), row.label
        table.delete(Delete(row.key))


def test_a_stored_head_moves_on_unless_its_dataset_is_being_deleted(stack):
    for row in stored("dataset_head"):
        head = dataset_rows.load_head(put(stack, row), named(row.key))
        moved = replace(head, revision=head.revision + 1, deletion=None)
        assert stack.table.put(dataset_rows.put_head(moved)).done == (not head.erasing), row.label
        if not head.erasing:
            assert dataset_rows.load_head(stack.table, named(row.key)) == moved, row.label
        stack.table.delete(Delete(row.key))


def test_a_stored_version_gets_its_verdict_once(stack):
    for row in stored("dataset_version"):
        table = put(stack, row)
        version = dataset_rows.load_version(table, named(row.key), number(row.key), erasing=True, parts=False)
        due = version.status == "processing" and "erasing" not in row.item
        assert dataset_rows.finish_version(table, replace(version, status="accepted")) == due, row.label
        table.delete(Delete(row.key))


def test_a_stored_version_takes_a_further_base_model(stack):
    row = one("dataset_version", "a job was started")
    version = dataset_rows.load_version(put(stack, row), named(row.key), number(row.key))
    further = replace(version.preparations[0], base_model="llama-3-1-8b")
    assert dataset_rows.add_preparations(stack.table, version, [further])
    found = dataset_rows.load_version(stack.table, named(row.key), number(row.key))
    assert found.preparations == (*version.preparations, further)


def test_a_stored_version_of_joined_files_comes_with_its_parts(stack):
    row, beside = one("dataset_version", "joined by a commit"), one("parts", "joined by a commit")
    put(stack, beside)
    version = dataset_rows.load_version(put(stack, row), named(row.key), number(row.key))
    assert described(version.files["train"].parts) == beside.value
    assert len(version.files["train"].objects) == version.files["train"].joined == 2


@pytest.mark.parametrize(
    ("name", "deployment", "works"),
    [
        ("unlimited", "support-prod", True),
        ("unlimited", None, True),
        ("with a scope and an end", "support-prod", True),
        ("with a scope and an end", "other", False),
        ("expired", None, False),
        ("used", "support-test", True),
        ("used, then revoked", "support-test", False),
    ],
)
def test_a_stored_key_authenticates_as_it_did(stack, name, deployment, works):
    row = one("api_key", name)
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    outcome = take(put(stack, row), row.item["sha256"]["S"], deployment, moment)
    assert outcome.done is works
    assert key_rows.from_row(outcome.row).works(moment) is (works or name == "with a scope and an end")


def test_a_stored_key_without_limits_gets_the_default_ones(stack):
    row = one("api_key", "unlimited")
    table, moment = put(stack, row), datetime(2026, 11, 23, tzinfo=UTC)
    passed = [take(table, row.item["sha256"]["S"], None, moment).done for _ in range(61)]
    assert passed == [True] * 60 + [False]
    assert take(table, row.item["sha256"]["S"], None, moment + timedelta(minutes=1)).done


def test_stored_slots_and_units_are_held_by_whom_they_were(stack):
    job = job_rows.load(put(stack, one("job", "in progress")), "01hzz000000000000000000001")
    table = put(stack, one("job_slots", "in progress"))
    assert table.update(running_job_slots.take(job, 1)).done, "it holds one already"
    assert not table.update(running_job_slots.take(replace(job, id="another"), 1)).done
    assert table.update(running_job_slots.give_back(job)).done
    assert table.update(running_job_slots.take(replace(job, id="another"), 1)).done

    row = one("purchase", "bought")
    purchase = deployment_rows.load_purchase(put(stack, row), named(row.key), number(row.key))
    put(stack, one("model_units", "its purchase was cut off"))
    assert not table.update(deployment_rows.take_units(purchase, None)).done, "it holds them already"
    assert not table.update(deployment_rows.take_units(replace(purchase, generation=9), 1)).done, "over the cap"
    assert table.update(deployment_rows.give_units(purchase)).done
    assert table.update(deployment_rows.take_units(replace(purchase, generation=9), 1)).done
    assert table.update(deployment_rows.reserve_units(UnitsSpokenFor({}, 0))).done
    assert not table.update(deployment_rows.reserve_units(UnitsSpokenFor({}, 0))).done, "another intent came between"
    assert deployment_rows.units_taken(table) == purchase.model_units


def test_a_stored_budget_takes_the_next_intent_and_what_is_told_once(stack):
    row = next(iter(stored("budget")))
    table = put(stack, row)
    assert not table.update(budget_rows.reserve(0)).done, "another intent came between"
    assert table.update(budget_rows.reserve(row.value["intents"])).done
    assert table.update(budget_rows.told("exhausted", "2026-11")).done
    assert asdict(budget_rows.load(table)) == {"intents": 2, "nearing": "2026-11", "exhausted": "2026-11"}


def test_stored_open_work_is_found(stack):
    name = "started with a deployment"
    for kind in ("job", "job_name", "open_job", "open_purchase", "purchase"):
        put(stack, one(kind, name))
    (job,) = trace_models.running_jobs("support", 1, stack.cloud)
    assert described(job) == one("job", name).value
    assert job_rows.find(stack.table, job.name) == job
    assert deployment_rows.units_spoken_for(stack.table) == UnitsSpokenFor({"support-prod": 1}, 0)


@pytest.mark.parametrize("kind", sorted(VALUES))
def test_every_field_of_a_kind_is_set_in_some_stored_row_and_every_optional_one_missing_in_another(kind):
    values = [row.value for row in stored(kind)]
    for field in fields(VALUES[kind]):
        found = [value[field.name] for value in values]
        default = described(_default(field))
        assert any(value not in (default, None) for value in found), f"{field.name} is never set"
        assert None in found or not str(field.type).endswith("| None"), f"{field.name} is never missing"


def test_every_word_that_makes_a_key_stands_in_the_key_of_a_stored_row():
    """So a kind of row that somebody adds to a module of rows, under a word of its own, needs a fixture.

    It can't see a new combination of words that are there already, nor a key that is made in another module.
    """
    stored_words = {word for row in stored() for key in (row.key.pk, row.key.sk) for word in _words(key)}
    modules = sorted(EDGES.rglob("*_rows.py"))
    assert len(modules) >= 9
    for module in modules:
        for word in _key_words(ast.parse(module.read_text("utf-8"))):
            assert word in stored_words, f"{module.name} makes keys with {word}; no fixture has one"


def test_every_kind_of_stored_row_is_read():
    assert {row.kind for row in stored()} == READ.keys()


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return None if field.default_factory is MISSING else field.default_factory()


def _key_words(tree: ast.Module) -> Iterator[str]:
    """What looks like a part of a key in the module's texts: upper case, up to `#` or the end."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch("[A-Z_]{2,}#?", node.value):
            yield node.value.rstrip("#")


def _words(key: str) -> Iterator[str]:
    return (part for part in key.split("#") if part.isupper())

"""Deployments and purchases as rows of StateTable, and the writes that change them together."""

from __future__ import annotations

from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.edges import moments
from tunedrop.edges.attributes import Row, known
from tunedrop.edges.table import Delete, Key, Put, Table, Update
from tunedrop.serving.deployments import Deployment, HistoryEntry
from tunedrop.serving.purchases import Purchase
from tunedrop.training.refusals import Refusal

SCHEMA = 1
KIND = "deployment"
MODEL_UNITS = Key("SLOTS", "MODEL_UNITS")


def load(table: Table, name: str) -> Deployment | None:
    """The deployment of that name, ended or not."""
    row = table.get(_head_key(name))
    return deployment_from(row) if row else None


def load_purchase(table: Table, deployment: str, generation: int) -> Purchase | None:
    """One generation's purchase."""
    row = table.get(_purchase_key(deployment, generation))
    return purchase_from(row) if row else None


def units_taken(table: Table) -> int:
    """Model units that purchases hold now."""
    row = table.get(MODEL_UNITS)
    return int(row.get("units", 0)) if row else 0


def put_new(deployment: Deployment) -> Put:
    """Write the head of a generation: the name is new, or the row seen at `revision` has ended."""
    unseen = Attr("pk").not_exists()
    return Put(_head_row(deployment), unseen if deployment.revision == 0 else _seen(deployment.revision))


def put_changed(deployment: Deployment) -> Put:
    """Write the head over the revision that was read."""
    return Put(_head_row(deployment), _seen(deployment.revision))


def put_purchase(purchase: Purchase) -> Put:
    """Write the purchase over the revision that was read; revision 0 is a new one."""
    condition = _seen(purchase.revision) if purchase.revision else Attr("pk").not_exists()
    return Put(_purchase_row(purchase), condition)


def open_work(purchase: Purchase) -> Put:
    """Let reconcile find the purchase until it has ended."""
    row = {"pk": "OPEN", "sk": _open_sort_key(purchase), "schema": SCHEMA}
    return Put({**row, "deployment": purchase.deployment, "generation": purchase.generation})


def close_work(purchase: Purchase) -> Delete:
    """Nothing is left to do for the purchase."""
    return Delete(Key("OPEN", _open_sort_key(purchase)))


def take_units(purchase: Purchase, cap: int | None) -> Update:
    """Hold the purchase's model units; refused when `cap` would be passed or it holds them already."""
    free: ConditionBase = Attr("holders").not_exists() | ~Attr("holders").contains(purchase.id)
    if cap is not None:
        free = free & (Attr("units").not_exists() | Attr("units").lte(cap - purchase.model_units))
    return Update(
        MODEL_UNITS,
        set={"schema": SCHEMA},
        add={"units": purchase.model_units, "holders": frozenset({purchase.id})},
        when=free,
    )


def give_units(purchase: Purchase) -> Update:
    """Let the purchase's model units go; refused when it holds none."""
    return Update(
        MODEL_UNITS,
        add={"units": -purchase.model_units},
        discard={"holders": frozenset({purchase.id})},
        when=Attr("holders").contains(purchase.id),
    )


def _head_key(name: str) -> Key:
    return Key(f"DEPLOYMENT#{name}", "HEAD")


def _purchase_key(deployment: str, generation: int) -> Key:
    return Key(f"DEPLOYMENT#{deployment}", f"PURCHASE#{generation:06d}")


def _open_sort_key(purchase: Purchase) -> str:
    return f"PURCHASE#{purchase.id}"


def _seen(revision: int) -> ConditionBase:
    return Attr("revision").eq(revision)


def _head_row(deployment: Deployment) -> dict[str, Any]:
    created = moments.to_text(deployment.created_at)
    key = _head_key(deployment.name)
    row = {
        "pk": key.pk,
        "sk": key.sk,
        "schema": SCHEMA,
        "kind": KIND,
        "listed_at": f"{created}#{deployment.name}",
        "name": deployment.name,
        "state": deployment.state,
        "serving": deployment.serving,
        "base_model": deployment.base_model,
        "job_id": deployment.job_id,
        "dataset": deployment.dataset,
        "version": deployment.version,
        "generation": deployment.generation,
        "owner": deployment.owner,
        "model_units": deployment.model_units,
        "created_at": created,
        "model_arn": deployment.model_arn,
        "arn": deployment.arn,
        "expires_at": moments.to_text(deployment.expires_at),
        "failure": deployment.failure,
        "history": [
            {"time": moments.to_text(entry.time), "state": entry.state, "note": entry.note}
            for entry in deployment.history
        ],
        "revision": deployment.revision + 1,
    }
    return known(row)


def deployment_from(row: Row) -> Deployment:
    """A head row as a deployment."""
    return Deployment(
        name=row["name"],
        state=row["state"],
        serving=row["serving"],
        base_model=row["base_model"],
        job_id=row["job_id"],
        dataset=row["dataset"],
        version=row["version"],
        generation=row["generation"],
        owner=row["owner"],
        model_units=row["model_units"],
        created_at=moments.from_text(row["created_at"]),
        model_arn=row.get("model_arn"),
        arn=row.get("arn"),
        expires_at=moments.from_text(row.get("expires_at")),
        failure=row.get("failure"),
        history=tuple(
            HistoryEntry(moments.from_text(entry["time"]), entry["state"], entry["note"])
            for entry in row.get("history", ())
        ),
        revision=row["revision"],
    )


def _purchase_row(purchase: Purchase) -> dict[str, Any]:
    key = _purchase_key(purchase.deployment, purchase.generation)
    refusal = purchase.refusal
    row = {
        "pk": key.pk,
        "sk": key.sk,
        "schema": SCHEMA,
        "deployment": purchase.deployment,
        "generation": purchase.generation,
        "state": purchase.state,
        "intent_id": purchase.intent_id,
        "token": purchase.token,
        "name": purchase.name,
        "serving": purchase.serving,
        "model_units": purchase.model_units,
        "hours": purchase.hours,
        "job_id": purchase.job_id,
        "dataset": purchase.dataset,
        "version": purchase.version,
        "owner": purchase.owner,
        "created_at": moments.to_text(purchase.created_at),
        "model_arn": purchase.model_arn,
        "arn": purchase.arn,
        "requested_at": moments.to_text(purchase.requested_at),
        "lapses_at": moments.to_text(purchase.lapses_at),
        "attempts": purchase.attempts,
        "attempted_at": moments.to_text(purchase.attempted_at),
        "refusal": {"kind": refusal.kind, "code": refusal.code, "message": refusal.message} if refusal else None,
        "parked_at": moments.to_text(purchase.parked_at),
        "live_at": moments.to_text(purchase.live_at),
        "ready_at": moments.to_text(purchase.ready_at),
        "expires_at": moments.to_text(purchase.expires_at),
        "release_requested": purchase.release_requested,
        "released_at": moments.to_text(purchase.released_at),
        "failure": purchase.failure,
        "announced": list(purchase.announced),
        "revision": purchase.revision + 1,
    }
    return known(row)


def purchase_from(row: Row) -> Purchase:
    """A purchase row as a purchase."""
    refusal = row.get("refusal")
    return Purchase(
        deployment=row["deployment"],
        generation=row["generation"],
        state=row["state"],
        intent_id=row["intent_id"],
        token=row["token"],
        name=row["name"],
        serving=row["serving"],
        model_units=row["model_units"],
        hours=row.get("hours"),
        job_id=row["job_id"],
        dataset=row["dataset"],
        version=row["version"],
        owner=row["owner"],
        created_at=moments.from_text(row["created_at"]),
        model_arn=row.get("model_arn"),
        arn=row.get("arn"),
        requested_at=moments.from_text(row.get("requested_at")),
        lapses_at=moments.from_text(row.get("lapses_at")),
        attempts=row.get("attempts", 0),
        attempted_at=moments.from_text(row.get("attempted_at")),
        refusal=Refusal(refusal["kind"], refusal["code"], refusal["message"]) if refusal else None,
        parked_at=moments.from_text(row.get("parked_at")),
        live_at=moments.from_text(row.get("live_at")),
        ready_at=moments.from_text(row.get("ready_at")),
        expires_at=moments.from_text(row.get("expires_at")),
        release_requested=row.get("release_requested"),
        released_at=moments.from_text(row.get("released_at")),
        failure=row.get("failure"),
        announced=tuple(row.get("announced", ())),
        revision=row["revision"],
    )

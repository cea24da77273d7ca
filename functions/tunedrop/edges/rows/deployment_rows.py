"""Deployments and purchases as rows of StateTable, and the writes that change them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import ENDED, Purchase
from tunedrop.edges.rows import cursors, moments, stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Delete, Key, Put, Update

SCHEMA = 1
KIND = "deployment"
MODEL_UNITS = Key("SLOTS", "MODEL_UNITS")
UNITS_AT_ONCE = 4
"""Purchases in one read: a deployment has one, and two while a second unit stands beside it."""


@dataclass(frozen=True, slots=True)
class UnitsSpokenFor:
    """Model units of every purchase that has not ended, held already or only planned: its row reserves them."""

    by_deployment: Mapping[str, int]
    intents: int
    """How many intents to buy model units had been written before these were counted."""


def load(table: Table, name: str) -> Deployment | None:
    """The deployment of that name, ended or not."""
    row = table.get(_head_key(name))
    return deployment_from(row) if row else None


def load_purchase(table: Table, deployment: str, generation: int) -> Purchase | None:
    """One generation's purchase."""
    row = table.get(_purchase_key(deployment, generation))
    return purchase_from(row) if row else None


def load_purchases(table: Table, deployment: str) -> tuple[Purchase, ...]:
    """The purchases of all generations."""
    return tuple(purchase_from(row) for row in table.query(_head_key(deployment).pk, "PURCHASE#").rows)


def load_units(table: Table, deployment: Deployment) -> tuple[Purchase, ...]:
    """The purchases since the deployment was made, the first first: what serves, and what it took over from.

    What was to take over and did not is among them; what an earlier deployment of that name had is not.
    """
    found: list[Purchase] = []
    cursor: str | None = None
    while True:
        page = table.query(
            _head_key(deployment.name).pk, "PURCHASE#", limit=UNITS_AT_ONCE, cursor=cursor, newest_first=True
        )
        for row in page.rows:
            unit = purchase_from(row)
            if unit.created_at < deployment.created_at:
                return tuple(reversed(found))
            found.append(unit)
        cursor = page.cursor
        if cursor is None:
            return tuple(reversed(found))


def newest_generation(table: Table, deployment: str) -> int:
    """The last generation that was begun, whatever became of it; 0: none was.

    The purchases say it, because a release that knows no second units writes the head without what it does not know.
    """
    rows = table.query(_head_key(deployment).pk, "PURCHASE#", limit=1, newest_first=True).rows
    return int(rows[0]["generation"]) if rows else 0


def next_generation(table: Table, before: Deployment | None) -> int:
    """The number of the next one, which no purchase has had. `before`: the deployment of that name, if any."""
    return newest_generation(table, before.name) + 1 if before else 1


def cursor_after(row: Row) -> str:
    """The cursor of a listing that goes on after this head row."""
    return cursors.after(row, "kind", "listed_at", "pk", "sk")


def find_intended(table: Table, job_id: str, intent_id: str) -> Purchase | None:
    """The purchase of that intent, which `put_intent` wrote for a model of that job."""
    row = table.get(_intent_key(job_id, intent_id))
    return load_purchase(table, row["deployment"], row["generation"]) if row else None


def units_taken(table: Table) -> int:
    """Model units that purchases hold now."""
    row = table.get(MODEL_UNITS)
    return int(row.get("units", 0)) if row else 0


def units_spoken_for(table: Table) -> UnitsSpokenFor:
    """Model units spoken for now, as `reserve_units` takes them."""
    counted = table.get(MODEL_UNITS) or {}  # first: an intent written after this must make the count void
    units: dict[str, int] = {}
    for purchase in open_purchases(table):
        if purchase.state not in ENDED and purchase.model_units:
            units[purchase.deployment] = units.get(purchase.deployment, 0) + purchase.model_units
    return UnitsSpokenFor(units, int(counted.get("intents", 0)))


def open_purchases(table: Table) -> Iterator[Purchase]:
    """The purchases that have not ended, or whose end was not told yet."""
    for row in table.query("OPEN", "PURCHASE#").rows:
        if purchase := load_purchase(table, row["deployment"], row["generation"]):
            yield purchase


def reserve_units(spoken_for: UnitsSpokenFor) -> Update:
    """Let the new purchase beside this write have its model units; refused if another intent came after the count.

    The open purchase itself is the reservation, so nothing has to be given back, and nothing can leak.
    """
    return Update(MODEL_UNITS, set={"schema": SCHEMA}, add={"intents": 1}, when=_uncounted(spoken_for))


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
    key = _purchase_key(purchase.deployment, purchase.generation)
    return Put(stored.known(stored.to_row(key, SCHEMA, purchase, revision=purchase.revision + 1)), condition)


def put_intent(purchase: Purchase) -> Put:
    """Let the purchase be found by its intent, for good: the tags in Bedrock name that and the job."""
    identity = {"deployment": purchase.deployment, "generation": purchase.generation}
    row = stored.to_row(_intent_key(purchase.job_id, purchase.intent_id), SCHEMA, **identity)
    return Put(row, Attr("pk").not_exists())


def open_work(purchase: Purchase) -> Put:
    """Let reconcile find the purchase until it has ended."""
    identity = {"deployment": purchase.deployment, "generation": purchase.generation}
    return Put(stored.to_row(_open_key(purchase), SCHEMA, **identity))


def close_work(purchase: Purchase) -> Delete:
    """Nothing is left to do for the purchase."""
    return Delete(_open_key(purchase))


def take_units(purchase: Purchase, cap: int | None) -> Update:
    """Hold the purchase's model units; refused when `cap` would be passed or it holds them already."""
    free = _without(purchase)
    if cap is not None:
        free = free & (Attr("units").not_exists() | Attr("units").lte(cap - purchase.model_units))
    return _units_taken(purchase, free)


def give_units(purchase: Purchase) -> Update:
    """Let the purchase's model units go; refused when it holds none."""
    return Update(
        MODEL_UNITS,
        add={"units": -purchase.model_units},
        discard={"holders": frozenset({purchase.id})},
        when=Attr("holders").contains(purchase.id),
    )


def adopt(
    deployment: Deployment, purchase: Purchase, before: Purchase | None, spoken_for: UnitsSpokenFor | None = None
) -> list[Put | Update]:
    """All that makes capacity that exists a deployment's. `before`: the purchase of the same intent, which has ended.

    Its units are taken beyond the cap, too, and make every count of units void. `spoken_for`: refused if another intent
    came after that count.
    """
    new: ConditionBase = Attr("pk").not_exists()
    if before is not None:
        new = new | Attr("deployment").eq(before.deployment) & Attr("generation").eq(before.generation)
    intent = Put(put_intent(purchase).row, new)
    adopting: list[Put | Update] = [put_new(deployment), put_purchase(purchase), intent, open_work(purchase)]
    if not purchase.model_units:
        return adopting
    free = _without(purchase) if spoken_for is None else _without(purchase) & _uncounted(spoken_for)
    return [*adopting, _units_taken(purchase, free, intents=1)]


def _head_key(name: str) -> Key:
    return Key(f"DEPLOYMENT#{name}", "HEAD")


def _purchase_key(deployment: str, generation: int) -> Key:
    return Key(f"DEPLOYMENT#{deployment}", f"PURCHASE#{generation:06d}")


def _intent_key(job_id: str, intent_id: str) -> Key:
    return Key(f"JOB#{job_id}", f"PURCHASE#{intent_id}")


def _open_key(purchase: Purchase) -> Key:
    return Key("OPEN", f"PURCHASE#{purchase.id}")


def _without(purchase: Purchase) -> ConditionBase:
    """It does not hold its units yet."""
    return Attr("holders").not_exists() | ~Attr("holders").contains(purchase.id)


def _units_taken(purchase: Purchase, free: ConditionBase, **also: int) -> Update:
    taken = {"units": purchase.model_units, "holders": frozenset({purchase.id}), **also}
    return Update(MODEL_UNITS, set={"schema": SCHEMA}, add=taken, when=free)


def _uncounted(spoken_for: UnitsSpokenFor) -> ConditionBase:
    """No intent came after the count."""
    return Attr("intents").eq(spoken_for.intents) if spoken_for.intents else Attr("intents").not_exists()


def _seen(revision: int) -> ConditionBase:
    return Attr("revision").eq(revision)


def _head_row(deployment: Deployment) -> Row:
    listed = f"{moments.to_text(deployment.created_at)}#{deployment.name}"
    beside = {"kind": KIND, "listed_at": listed, "revision": deployment.revision + 1}
    return stored.known(stored.to_row(_head_key(deployment.name), SCHEMA, deployment, **beside))


def deployment_from(row: Row) -> Deployment:
    """A head row as a deployment; what the row lacks is as in a new one."""
    return stored.from_row(Deployment, row)


def purchase_from(row: Row) -> Purchase:
    """A purchase row as a purchase; what the row lacks is as in a new one."""
    return stored.from_row(Purchase, {"hours": None, **row})

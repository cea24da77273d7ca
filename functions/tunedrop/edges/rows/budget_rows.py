"""The month's budget as one row of StateTable: how many intents were written under it, and what was told of it."""

from __future__ import annotations

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.charges.budget_limits import BudgetFact
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Update

SCHEMA = 1
BUDGET = Key("SLOTS", "BUDGET")


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """What the row says."""

    intents: int = 0
    """How many intents that cost had been written."""
    nearing: str | None = None
    """The month, as 2026-11, of which it was last told that its budget is nearly used up."""
    exhausted: str | None = None
    """The month of which it was last told that nothing is left."""


def load(table: Table) -> BudgetRow:
    """The row as it stands."""
    row = table.get(BUDGET) or {}
    return BudgetRow(int(row.get("intents", 0)), row.get("nearing"), row.get("exhausted"))


def told(fact: BudgetFact, month: str) -> Update:
    """Remember that this was told of the month."""
    return Update(BUDGET, set={"schema": SCHEMA, fact: month})


def spent_already() -> Update:
    """Make every sum void: what was adopted beside this write takes of the month, and was bought long ago."""
    return Update(BUDGET, set={"schema": SCHEMA}, add={"intents": 1})


def reserve(seen: int) -> Update:
    """Let the intent beside this write have its share; refused unless `seen` is still the number of intents."""
    unchanged = Attr("intents").eq(seen) if seen else Attr("intents").not_exists()
    return Update(BUDGET, set={"schema": SCHEMA}, add={"intents": 1}, when=unchanged)

"""What was used under an API key on a day, by deployment: in the key's own row while the day lasts, then in its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tunedrop.domain.messages.key_limits import Number, Settlement, Use
from tunedrop.domain.messages.key_usage import UsageOfDay, Used
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Update

SCHEMA = 1
PLACE = "USAGE"
KEPT = timedelta(days=400)
PREFIX = "use:"
"""Of attributes: `use:<deployment>:<what>`. A deployment's name has no colon."""
_WHOLE = frozenset({"calls", "input_tokens", "output_tokens", "unpriced", "latency_ms"})
STOP = "stop "
"""Of what is counted by stop reason."""


def of_call(deployment: str, most: Use) -> dict[str, Number]:
    """What a call adds when it is made: the most that it may use, so that no crash makes usage less than it was."""
    counts = {"calls": 1, "input_tokens": most.input_tokens, "output_tokens": most.output_tokens}
    return _named(deployment, {**counts, **_money(most.cost)})


def of_settlement(settled: Settlement) -> dict[str, Number]:
    """What its end adds or takes off again."""
    most, actual = settled.reservation.most, settled.actual
    known = most.cost is not None and actual.cost is not None
    counts: dict[str, Number] = {
        "input_tokens": actual.input_tokens - most.input_tokens,
        "output_tokens": actual.output_tokens - most.output_tokens,
        "cost": (actual.cost or Decimal(0)) - (most.cost or Decimal(0)) if known else 0,
        "latency_ms": settled.latency_ms,
        f"{STOP}{settled.stop}": 1,
    }
    return _named(settled.reservation.deployment, {name: value for name, value in counts.items() if value})


def is_usage(attribute: str) -> bool:
    """Whether an attribute of a key's row is usage of its day."""
    return attribute.startswith(PREFIX)


def of_row(row: Row) -> Mapping[str, Any]:
    """The attributes of usage in a row."""
    return {name: value for name, value in row.items() if is_usage(name)}


def to_row(day: str, key_id: str, used: Mapping[str, Any]) -> Row:
    """The row of a day that is over."""
    return stored.to_row(place(day, key_id), SCHEMA, **used, expires=_expires(day))


def correct(table: Table, day: str, key_id: str, adds: Mapping[str, Number]) -> None:
    """Change a day that is over by the end of a call that began in it."""
    table.update(Update(place(day, key_id), set={"schema": SCHEMA, "expires": _expires(day)}, add=adds))


def between(table: Table, first: str, last: str) -> Iterator[UsageOfDay]:
    """What was used on days that are over, from the first to the last, by day and key."""
    common = next((place for place in range(len(first)) if first[place] != last[place : place + 1]), len(first))
    for row in table.query(PLACE, first[:common]).rows:
        day, _, key_id = row["sk"].partition("#")
        if first <= day <= last:
            yield from from_row(day, key_id, row)


def from_row(day: str, key_id: str, row: Row) -> Iterator[UsageOfDay]:
    """What a row says was used that day, of each deployment."""
    counts: dict[str, dict[str, Any]] = {}
    for name, value in of_row(row).items():
        deployment, _, what = name.removeprefix(PREFIX).rpartition(":")
        counts.setdefault(deployment, {})[what] = value
    for deployment, told in sorted(counts.items()):
        stops = {what.removeprefix(STOP): count for what, count in told.items() if what.startswith(STOP)}
        whole = {what: count for what, count in told.items() if what in _WHOLE}
        used = Used(cost=Decimal(str(told.get("cost", 0))), stop_reasons=stops, **whole)
        yield UsageOfDay(day, key_id, deployment, used)


def place(day: str, key_id: str) -> Key:
    """Where the row of a day stands."""
    return Key(PLACE, f"{day}#{key_id}")


def _expires(day: str) -> int:
    return int((datetime.fromisoformat(day).replace(tzinfo=UTC) + KEPT).timestamp())


def _money(cost: Decimal | None) -> dict[str, Number]:
    return {"unpriced": 1} if cost is None else {"cost": cost} if cost else {}


def _named(deployment: str, counts: Mapping[str, Number]) -> dict[str, Number]:
    return {f"{PREFIX}{deployment}:{what}": count for what, count in counts.items()}

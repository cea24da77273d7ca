"""What is left to an API key in its minute, day and month: counters of the key's own row, and its usage of the day.

Each counter says what is left, so that the one update that authenticates a call can also compare and take. The row's
`window` is the minute that its counters are of; usage of a day that is over moves to a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.domain.messages import key_limits
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.messages.key_limits import LIMITS, KeyLimit, Number, Settlement, Use
from tunedrop.edges.rows import key_rows, usage_rows
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table, WriteOutcome
from tunedrop.edges.rows.writes import Put, Update

WINDOW = "window"
CALL = "call"
CHANGES = "changes"
"""Counts what takes or gives back, so that a day's usage is moved as it was read, or not at all."""
MOST_TRIES = 6
"""Of a call that meets the beginning of a window: somebody else began it, or began the next one."""


@dataclass(frozen=True, slots=True)
class Take:
    """What one call wants of its key."""

    id: str
    """Its own: an update whose answer was lost is sent again, and must not count twice."""
    sha256: str
    scope: str | None
    """The name that it calls, which the key's scope must hold; None: it names none."""
    used: str | None
    """The name that its usage is counted under; None: nothing is asked."""
    most: Use
    now: datetime
    owed: tuple[Settlement, ...] = ()
    """What earlier calls of this process give back with the same update."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether it got it; the row then, or the one that stood in the way; and the window that it counts in."""

    done: bool
    row: Row | None
    window: str


def take(table: Table, call: Take) -> Taken:
    """Authenticate and reserve by one conditional update; by two where a window begins.

    A call that a later window has overtaken counts in that one.
    """
    window = key_limits.window_of(call.now)
    for _ in range(MOST_TRIES):
        outcome = table.update(_within(call, window))
        row = outcome.row
        if outcome.done or row is None or row.get(WINDOW) == window or row.get(CALL) == call.id:
            return Taken(outcome.done or (row is not None and row.get(CALL) == call.id), row, window)
        if (stands := row.get(WINDOW)) and stands > window:
            window = stands
            continue
        key = key_rows.from_row(row)
        if not _may(key, call) or missing(row, key, call.most, window):
            return Taken(False, row, window)
        outcome = _begin(table, call, key, row, window)
        if outcome.done:
            return Taken(True, outcome.row, window)
    return Taken(False, row, window)


def missing(row: Row, key: ApiKey, most: Use, window: str) -> KeyLimit | None:
    """The limit of which the row has less left in the window than the call may take; of several the last to reset."""
    for limit in LIMITS:
        fresh = _is_fresh(limit, row, window)
        left = key_limits.full(key.allowed(limit)) if fresh else row[limit.left]
        if most.of(limit.measure) > left:
            return limit
    return None


def settle(table: Table, sha256: str, key_id: str, settled: Settlement) -> None:
    """Give back what a call did not use, of what its windows still are, and count what it did."""
    day, window = key_limits.part("day", settled.reservation.window), settled.reservation.window
    for _ in range(MOST_TRIES):
        if not (adds := _settling([settled], window)):
            break
        adds = {**adds, CHANGES: 1}
        outcome = table.update(Update(key_rows.key_of(sha256), add=adds, when=Attr(WINDOW).eq(window)))
        if outcome.done or not outcome.row or WINDOW not in outcome.row:
            break
        window = outcome.row[WINDOW]
    if not key_limits.same("day", day, window):
        usage_rows.correct(table, day, key_id, usage_rows.of_settlement(settled))


def day_of(row: Row) -> str | None:
    """The day that the row's usage is of, as 2026-11-22; None: the key was not called yet."""
    return key_limits.part("day", row[WINDOW]) if WINDOW in row else None


def _within(call: Take, window: str) -> Update:
    returned = _settling(_of_day(call.owed, window), window)
    when = _authentic(call) & Attr(WINDOW).eq(window) & _holds(LIMITS, call.most, returned)
    adds = _sum(_adds(call), returned)
    return Update(key_rows.key_of(call.sha256), set={"last_used_at": call.now, CALL: call.id}, add=adds, when=when)


def _begin(table: Table, call: Take, key: ApiKey, row: Row, window: str) -> WriteOutcome:
    """Begin the window, and take of it; whoever else does it first wins."""
    stands = row.get(WINDOW)
    fresh = [limit for limit in LIMITS if _is_fresh(limit, row, window)]
    change = {"last_used_at": call.now, CALL: call.id, WINDOW: window}
    change |= {limit.left: key_limits.full(key.allowed(limit)) - call.most.of(limit.measure) for limit in fresh}
    over = usage_rows.of_row(row) if stands and not key_limits.same("day", stands, window) else {}
    returned = _settling(_of_day(call.owed, window), window)
    adds = {name: value for name, value in _sum(_adds(call), returned).items() if name not in change}
    when = _authentic(call) & _holds([limit for limit in LIMITS if limit not in fresh], call.most, returned)
    when &= Attr(WINDOW).eq(stands) if stands else Attr(WINDOW).not_exists()
    update = Update(key_rows.key_of(call.sha256), set=change, add=adds, when=when)
    return _begin_day(table, update, row, over) if over else table.update(update)


def _begin_day(table: Table, update: Update, row: Row, over: Row) -> WriteOutcome:
    """Move the usage of the day that is over, unless the row has changed since it was read."""
    used = {name: value for name, value in update.add.items() if usage_rows.is_usage(name)}
    update = replace(
        update,
        set={**update.set, **used},
        add={name: value for name, value in update.add.items() if name not in used},
        remove=tuple(name for name in over if name not in used),
        when=cast("ConditionBase", update.when) & Attr(CHANGES).eq(row.get(CHANGES)),
    )
    day = key_limits.part("day", row[WINDOW])
    done = table.write_all(Put(usage_rows.to_row(day, row["key_id"], over)), update)
    return WriteOutcome(done, {**row, **update.set} if done else None)


def _holds(limits: Iterable[KeyLimit], most: Use, returned: Mapping[str, Number]) -> ConditionBase:
    when: ConditionBase = Attr("pk").exists()
    for limit in limits:
        if taken := most.of(limit.measure):
            when &= Attr(limit.left).gte(taken - returned.get(limit.left, 0))
    return when


def _adds(call: Take) -> dict[str, Number]:
    takes: dict[str, Number] = {limit.left: -taken for limit in LIMITS if (taken := call.most.of(limit.measure))}
    return takes | {CHANGES: 1} | (usage_rows.of_call(call.used, call.most) if call.used else {})


def _settling(settled: Iterable[Settlement], window: str) -> dict[str, Number]:
    """What the row gets of these in this window: what returns to its counters, and the usage of its day."""
    total: dict[str, Number] = {}
    for each in settled:
        same_day = key_limits.same("day", each.reservation.window, window)
        total = _sum(total, each.given_back(window), usage_rows.of_settlement(each) if same_day else {})
    return total


def _of_day(owed: Iterable[Settlement], window: str) -> list[Settlement]:
    return [each for each in owed if key_limits.same("day", each.reservation.window, window)]


def _sum(*maps: Mapping[str, Number]) -> dict[str, Number]:
    total: dict[str, Number] = {}
    for each in maps:
        for name, value in each.items():
            total[name] = total.get(name, 0) + value
    return total


def _is_fresh(limit: KeyLimit, row: Row, window: str) -> bool:
    """Whether this limit begins anew in the window; a row of an earlier release has no counters."""
    stands = row.get(WINDOW)
    return not stands or limit.left not in row or not key_limits.same(limit.span, stands, window)


def _may(key: ApiKey, call: Take) -> bool:
    return key.works(call.now) and (call.scope is None or key.may_call(call.scope))


def _authentic(call: Take) -> ConditionBase:
    when = (
        Attr(CALL).ne(call.id)
        & Attr("revoked_at").not_exists()
        & (Attr("expires_at").not_exists() | Attr("expires_at").gt(call.now))
    )
    if call.scope is not None:
        when &= Attr("deployments").not_exists() | Attr("deployments").contains(call.scope)
    return when

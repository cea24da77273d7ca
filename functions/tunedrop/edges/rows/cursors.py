"""Cursors of listings: where DynamoDB goes on, as text that other programs keep but need not understand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tunedrop.edges.rows.attributes import Row
from tunedrop.errors import InvalidInput


def to_text(start: Mapping[str, Any] | None) -> str | None:
    """A LastEvaluatedKey as a cursor; None where nothing follows."""
    return base64.urlsafe_b64encode(json.dumps(start).encode()).decode() if start else None


def after(row: Row, *keys: str) -> str:
    """The cursor of a listing that goes on after this row; `keys` are those of the listing's index and of the table."""
    return base64.urlsafe_b64encode(json.dumps({key: {"S": row[key]} for key in keys}).encode()).decode()


def from_text(
    cursor: str | None, partition: str, value: str, *, between: tuple[str, str, str] | None = None
) -> dict[str, Any] | None:
    """The ExclusiveStartKey that the cursor stands for, in the listing whose attribute `partition` has this value.

    `between`: the listing's sort key and its bounds. Raises InvalidInput `invalid_cursor` for what this listing never
    returned: DynamoDB would refuse it less kindly.
    """
    if not cursor:
        return None
    try:
        start = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, RecursionError):
        start = None
    if not isinstance(start, dict) or start.get(partition) != {"S": value} or not all(map(_is_text, start.values())):
        raise unknown()
    if between and not between[1] <= start.get(between[0], {"S": ""})["S"] <= between[2]:
        raise unknown()
    return start


def unknown() -> InvalidInput:
    """The refusal of a cursor that the listing never returned."""
    return InvalidInput("invalid_cursor", "The cursor is not one that this listing returned.", field="cursor")


def _is_text(attribute: Any) -> bool:
    return isinstance(attribute, dict) and list(attribute) == ["S"] and isinstance(attribute["S"], str)

"""Values as rows and back: msgspec maps every field by its name and declared type.

What a row lacks is as the field's default says; what a newer release added is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import msgspec

from tunedrop.edges.observability import logger
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.writes import Key

T = TypeVar("T")

_AS_THEY_ARE = (datetime, Decimal)
"""The table writes these in its own way."""
_CONTENT = re.compile("(?<=^Invalid enum value).*(?= - at )", re.DOTALL)


class UnreadableRow(ValueError):
    """A row is not what its kind declares: a state that this release does not know, a missing or mistyped attribute.

    No TunedropError: the caller can't act on it, and what judges those would keep it as a refusal. So a message ends in
    its DLQ, kept whole, and a request in a 500, until a release that can read the row is back.
    """

    code: ClassVar[str] = "unreadable_row"

    def __init__(self, row: Row, words: str) -> None:
        self.row = f"{row.get('pk')} {row.get('sk')}"
        """Partition and sort key."""
        self.problem = _CONTENT.sub("", words)
        """What was expected, and where, as msgspec says it; never content."""
        super().__init__(f"{self.code}: {self.row}: {self.problem}")


def to_row(key: Key, schema: int, value: object = None, /, **beside: object) -> dict[str, Any]:
    """The row of a dataclass, or of nothing but the attributes `beside` it, which come before its own fields."""
    return {**plain(value or {}), **beside, "pk": key.pk, "sk": key.sk, "schema": schema}


def from_row(kind: type[T], row: Row) -> T:
    """The dataclass that the row holds. Raises UnreadableRow, logged here: of a fault's words others log none."""
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        unreadable = UnreadableRow(row, str(error))
    logger.error(
        "a row can't be read", extra={"code": unreadable.code, "row": unreadable.row, "problem": unreadable.problem}
    )
    raise unreadable


def plain(value: object) -> Any:
    """Dataclasses as maps of their fields, at any depth. Sets become lists; moments stay."""
    return msgspec.to_builtins(value, builtin_types=_AS_THEY_ARE, enc_hook=_as_dict)


def _as_dict(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"a {type(value).__name__} in a row")


def known(row: Row) -> dict[str, Any]:
    """The row without the attributes that have no value yet."""
    return {name: value for name, value in row.items() if value is not None}

"""Python values as DynamoDB's attribute values and back: no float, no NaN on the wire (docs/facts.md#dynamodb).

Moments go in as `moments` writes them, and come back as that text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tunedrop.edges.rows import moments

Row = Mapping[str, Any]

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def marshal(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in the low-level client's form."""
    return {name: _serializer.serialize(_to_dynamodb(value)) for name, value in row.items()}


def _to_dynamodb(value: Any) -> Any:
    """DynamoDB's numbers are decimals without NaN or infinity; those become null."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return moments.to_text(value)
    if isinstance(value, Mapping):
        return {str(name): _to_dynamodb(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_dynamodb(item) for item in value]
    return value


def unmarshal(item: Mapping[str, Any]) -> Row:
    """A row from the low-level client's form; whole numbers come back as int, others as float."""
    return {name: _from_dynamodb(_deserializer.deserialize(value)) for name, value in item.items()}


def _from_dynamodb(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _from_dynamodb(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_from_dynamodb(item) for item in value]
    if isinstance(value, set):
        return frozenset(value)
    return value

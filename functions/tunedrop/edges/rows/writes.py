"""Writes of rows as values, and what DynamoDB's calls take for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder

from tunedrop.edges.rows.attributes import Row, marshal


@dataclass(frozen=True, slots=True)
class Key:
    """Where a row stands."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole row; `when` is judged on the row that stands there now."""

    row: Row
    when: ConditionBase | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change some attributes of a row. `add` counts numbers up and puts members into sets; `discard` takes them out."""

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Mapping[str, Any] = field(default_factory=dict)
    discard: Mapping[str, frozenset[str]] = field(default_factory=dict)
    when: ConditionBase | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a row away."""

    key: Key
    when: ConditionBase | None = None


Write = Put | Update | Delete


@dataclass(frozen=True, slots=True)
class Require:
    """Change nothing; without `when` holding, refuse the writes beside it."""

    key: Key
    when: ConditionBase


def primary_key(key: Key) -> dict[str, str]:
    """The key as DynamoDB takes it, not marshaled yet."""
    return {"pk": key.pk, "sk": key.sk}


def put_arguments(table: str, put: Put) -> dict[str, Any]:
    """Arguments of PutItem, and of Put in a transaction."""
    return {"TableName": table, "Item": marshal(put.row), **_condition(put.when)}


def delete_arguments(table: str, delete: Delete) -> dict[str, Any]:
    """Arguments of DeleteItem, and of Delete in a transaction."""
    return {"TableName": table, "Key": marshal(primary_key(delete.key)), **_condition(delete.when)}


def update_arguments(table: str, update: Update) -> dict[str, Any]:
    """Arguments of UpdateItem, and of Update in a transaction."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}

    def slot(name: str, value: Any) -> str:
        number = len(names)
        names[f"#u{number}"], values[f":u{number}"] = name, value
        return f"#u{number} {{}} :u{number}"

    clauses = [
        _clause("SET", (slot(name, value).format("=") for name, value in update.set.items())),
        _clause("ADD", (slot(name, value).format("") for name, value in update.add.items())),
        _clause("DELETE", (slot(name, value).format("") for name, value in update.discard.items())),
    ]
    for number, name in enumerate(update.remove):
        names[f"#r{number}"] = name
    clauses.append(_clause("REMOVE", (f"#r{number}" for number in range(len(update.remove)))))
    arguments = _condition(update.when)
    arguments["ExpressionAttributeNames"] = names | arguments.get("ExpressionAttributeNames", {})
    values = marshal(values) | arguments.get("ExpressionAttributeValues", {})
    if values:
        arguments["ExpressionAttributeValues"] = values
    return {
        "TableName": table,
        "Key": marshal(primary_key(update.key)),
        "UpdateExpression": " ".join(clause for clause in clauses if clause),
        **arguments,
    }


def _clause(keyword: str, parts: Iterable[str]) -> str:
    joined = ", ".join(parts)
    return f"{keyword} {joined}" if joined else ""


def _condition(when: ConditionBase | None) -> dict[str, Any]:
    if when is None:
        return {}
    built = ConditionExpressionBuilder().build_expression(when)
    arguments: dict[str, Any] = {
        "ConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
    }
    if built.attribute_value_placeholders:
        arguments["ExpressionAttributeValues"] = marshal(built.attribute_value_placeholders)
    return arguments


def transaction_item(table: str, write: Put | Update | Delete | Require) -> dict[str, Any]:
    """One item of TransactWriteItems."""
    match write:
        case Put():
            return {"Put": put_arguments(table, write)}
        case Update():
            return {"Update": update_arguments(table, write)}
        case Delete():
            return {"Delete": delete_arguments(table, write)}
        case Require():
            key = {"TableName": table, "Key": marshal(primary_key(write.key))}
            return {"ConditionCheck": {**key, **_condition(write.when)}}

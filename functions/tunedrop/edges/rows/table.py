"""One DynamoDB table as rows: plain Python values in and out, every write conditional where two writers can meet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from botocore.exceptions import ClientError

from tunedrop.edges.rows import conflicts, cursors
from tunedrop.edges.rows.attributes import Row, marshal, unmarshal
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LISTING_INDEX = "by_kind"
"""The one GSI of StateTable: `kind` and `listed_at`."""


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


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What a conditional write did: the row as it is now, or, refused, the row that stood in the way."""

    done: bool
    row: Row | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next ones begin."""

    rows: tuple[Row, ...]
    cursor: str | None


class Table:
    """Rows of one table. Throttles and other faults rise as botocore's errors: the queue or the caller tries again."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Key) -> Row | None:
        """The row as last written (a consistent read), or None."""
        answer = self._client.get_item(TableName=self.name, Key=marshal(_key(key)), ConsistentRead=True)
        item = answer.get("Item")
        return unmarshal(item) if item else None

    def query(
        self,
        pk: str,
        sk_prefix: str = "",
        *,
        limit: int | None = None,
        cursor: str | None = None,
        newest_first: bool = False,
    ) -> Page:
        """Rows under one partition key, by sort key; without `limit` all of them."""
        names, values, expression = {"#pk": "pk"}, {":pk": pk}, "#pk = :pk"
        if sk_prefix:
            names["#sk"], values[":sk"] = "sk", sk_prefix
            expression += " AND begins_with(#sk, :sk)"
        return self._pages(
            {
                "KeyConditionExpression": expression,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": marshal(values),
                "ScanIndexForward": not newest_first,
                "ConsistentRead": True,
            },
            ("pk", pk),
            limit,
            cursor,
        )

    def listing(self, kind: str, *, limit: int | None = None, cursor: str | None = None) -> Page:
        """Rows of one kind, newest first. The index is eventually consistent."""
        return self._pages(
            {
                "IndexName": LISTING_INDEX,
                "KeyConditionExpression": "#kind = :kind",
                "ExpressionAttributeNames": {"#kind": "kind"},
                "ExpressionAttributeValues": marshal({":kind": kind}),
                "ScanIndexForward": False,
            },
            ("kind", kind),
            limit,
            cursor,
        )

    def put(self, put: Put) -> WriteOutcome:
        """Write one row, or say what stood in the way."""
        return self._conditionally(
            lambda: self._client.put_item(
                **_put_arguments(self.name, put), ReturnValuesOnConditionCheckFailure="ALL_OLD"
            ),
            lambda _: put.row,
        )

    def update(self, update: Update) -> WriteOutcome:
        """Change one row, or say what stood in the way."""
        return self._conditionally(
            lambda: self._client.update_item(
                **_update_arguments(self.name, update),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            ),
            lambda answer: unmarshal(answer["Attributes"]),
        )

    def delete(self, delete: Delete) -> WriteOutcome:
        """Take one row away, or say what stood in the way."""
        return self._conditionally(
            lambda: self._client.delete_item(
                **_delete_arguments(self.name, delete),
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            ),
            lambda answer: unmarshal(answer["Attributes"]) if answer.get("Attributes") else None,
        )

    def write_all(self, *writes: Put | Update | Delete | Require) -> bool:
        """All of these writes or none (at most 100). False when a condition refused."""
        items = cast("list[TransactWriteItemTypeDef]", [_transaction_item(self.name, write) for write in writes])
        try:
            conflicts.retried(lambda: self._client.transact_write_items(TransactItems=items))
        except ClientError as error:
            if _refused(error):
                return False
            raise
        return True

    def put_many(self, rows: Iterable[Row]) -> None:
        """Write many rows unconditionally, 25 at a time; the same rows again change nothing.

        Raises Unavailable `table_busy` when the table, asked again after longer and longer pauses, leaves some out.
        """
        requests = [{"PutRequest": {"Item": marshal(row)}} for row in rows]
        for start in range(0, len(requests), 25):
            self._put_batch(requests[start : start + 25])

    def _put_batch(self, requests: Any) -> None:
        for pause in (0, *conflicts.pauses()):
            time.sleep(pause)
            answer = self._client.batch_write_item(RequestItems={self.name: requests})
            requests = answer.get("UnprocessedItems", {}).get(self.name)
            if not requests:
                return
        raise Unavailable("table_busy", f"{self.name} did not take every row in time; the same ones may be sent again.")

    def _pages(
        self, arguments: dict[str, Any], partition: tuple[str, str], limit: int | None, cursor: str | None
    ) -> Page:
        rows: list[Row] = []
        start = cursors.from_text(cursor, *partition)
        while True:
            paging: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
            if limit is not None:
                paging["Limit"] = limit - len(rows)
            answer = self._client.query(TableName=self.name, **arguments, **paging)
            rows += [unmarshal(item) for item in answer["Items"]]
            start = cast("dict[str, Any] | None", answer.get("LastEvaluatedKey"))
            if start is None or (limit is not None and len(rows) >= limit):
                return Page(tuple(rows), cursors.to_text(start))

    def _conditionally(self, call: Any, row_of: Any) -> WriteOutcome:
        try:
            answer = conflicts.retried(call)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item = cast("dict[str, Any]", error.response).get("Item")
            return WriteOutcome(False, unmarshal(item) if item else None)
        return WriteOutcome(True, row_of(answer))


def _refused(error: ClientError) -> bool:
    reasons = cast("dict[str, Any]", error.response).get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def _key(key: Key) -> dict[str, str]:
    return {"pk": key.pk, "sk": key.sk}


def _put_arguments(table: str, put: Put) -> dict[str, Any]:
    return {"TableName": table, "Item": marshal(put.row), **_condition(put.when)}


def _delete_arguments(table: str, delete: Delete) -> dict[str, Any]:
    return {"TableName": table, "Key": marshal(_key(delete.key)), **_condition(delete.when)}


def _update_arguments(table: str, update: Update) -> dict[str, Any]:
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
        "Key": marshal(_key(update.key)),
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


def _transaction_item(table: str, write: Put | Update | Delete | Require) -> dict[str, Any]:
    match write:
        case Put():
            return {"Put": _put_arguments(table, write)}
        case Update():
            return {"Update": _update_arguments(table, write)}
        case Delete():
            return {"Delete": _delete_arguments(table, write)}
        case Require():
            key = {"TableName": table, "Key": marshal(_key(write.key))}
            return {"ConditionCheck": {**key, **_condition(write.when)}}

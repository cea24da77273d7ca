"""One DynamoDB table as rows: plain Python values in and out, every write conditional where two writers can meet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from tunedrop.edges import faults
from tunedrop.edges.rows import conflicts, cursors
from tunedrop.edges.rows.attributes import Row, marshal, unmarshal
from tunedrop.edges.rows.writes import (
    Delete,
    Key,
    Put,
    Require,
    Update,
    delete_arguments,
    primary_key,
    put_arguments,
    transaction_item,
    update_arguments,
)
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LISTING_INDEX = "by_kind"
"""The one GSI of StateTable: `kind` and `listed_at`."""

FIRST, LAST = "0", "~"
"""Before and after every `listed_at`, which begins with a time."""


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
        answer = self._client.get_item(TableName=self.name, Key=marshal(primary_key(key)), ConsistentRead=True)
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
            cursors.from_text(cursor, "pk", pk),
            limit,
        )

    def listing(
        self,
        kind: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        since: str = FIRST,
        until: str = LAST,
    ) -> Page:
        """Rows of one kind, newest first, with a `listed_at` from `since` to `until`. It may lack the last second's."""
        return self._pages(
            {
                "IndexName": LISTING_INDEX,
                "KeyConditionExpression": "#kind = :kind AND #at BETWEEN :since AND :until",
                "ExpressionAttributeNames": {"#kind": "kind", "#at": "listed_at"},
                "ExpressionAttributeValues": marshal({":kind": kind, ":since": since, ":until": until}),
                "ScanIndexForward": False,
            },
            cursors.from_text(cursor, "kind", kind, between=("listed_at", since, until)),
            limit,
        )

    def put(self, put: Put) -> WriteOutcome:
        """Write one row, or say what stood in the way."""
        return self._conditionally(self._client.put_item, put_arguments(self.name, put), lambda _: put.row)

    def update(self, update: Update) -> WriteOutcome:
        """Change one row, or say what stood in the way."""
        arguments = {**update_arguments(self.name, update), "ReturnValues": "ALL_NEW"}
        return self._conditionally(self._client.update_item, arguments, lambda answer: unmarshal(answer["Attributes"]))

    def delete(self, delete: Delete) -> WriteOutcome:
        """Take one row away, or say what stood in the way."""
        arguments = {**delete_arguments(self.name, delete), "ReturnValues": "ALL_OLD"}
        return self._conditionally(
            self._client.delete_item,
            arguments,
            lambda answer: unmarshal(answer["Attributes"]) if answer.get("Attributes") else None,
        )

    def write_all(self, *writes: Put | Update | Delete | Require) -> bool:
        """All of these writes or none (at most 100). False when a condition refused."""
        items = cast("list[TransactWriteItemTypeDef]", [transaction_item(self.name, write) for write in writes])
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

    def _pages(self, arguments: dict[str, Any], start: dict[str, Any] | None, limit: int | None) -> Page:
        rows: list[Row] = []
        forged = start is not None
        while True:
            paging: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
            if limit is not None:
                paging["Limit"] = limit - len(rows)
            answer = self._query({**arguments, **paging}, forged=forged and not rows)
            rows += [unmarshal(item) for item in answer["Items"]]
            start = cast("dict[str, Any] | None", answer.get("LastEvaluatedKey"))
            if start is None or (limit is not None and len(rows) >= limit):
                return Page(tuple(rows), cursors.to_text(start))

    def _query(self, arguments: dict[str, Any], *, forged: bool) -> dict[str, Any]:
        """One page of DynamoDB's. `forged`: a caller may have made up where it begins, which only DynamoDB can tell."""
        try:
            return cast("dict[str, Any]", self._client.query(TableName=self.name, **arguments))
        except ClientError as error:
            if forged and faults.code_of(error) == "ValidationException":
                raise cursors.unknown() from error
            raise

    def _conditionally(self, call: Any, arguments: dict[str, Any], row_of: Any) -> WriteOutcome:
        try:
            answer = conflicts.retried(lambda: call(**arguments, ReturnValuesOnConditionCheckFailure="ALL_OLD"))
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item = cast("dict[str, Any]", error.response).get("Item")
            return WriteOutcome(False, unmarshal(item) if item else None)
        return WriteOutcome(True, row_of(answer))


def _refused(error: ClientError) -> bool:
    reasons = cast("dict[str, Any]", error.response).get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)

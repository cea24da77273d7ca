"""Many rows at once, on a table that takes only some of them at a time."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop.edges.rows import conflicts
from tunedrop.errors import Unavailable

ROWS = [{"pk": "A", "sk": f"{number:03d}", "schema": 1} for number in range(60)]


class Busy:
    """DynamoDB as it is when it takes at most `most` rows of a call, and says which it left."""

    def __init__(self, stack: Any, most: int) -> None:
        self.most = most
        self.left: list[Any] = []
        self.calls = 0
        events = stack.dynamodb.meta.events
        events.register("provide-client-params.dynamodb.BatchWriteItem", self.cut)
        events.register("before-call.dynamodb.BatchWriteItem", self.answer)
        events.register("after-call.dynamodb.BatchWriteItem", self.tell)

    def cut(self, params: Any, **_: Any) -> Any:
        """Only so many rows go on their way."""
        self.calls += 1
        (table, requests) = next(iter(params["RequestItems"].items()))
        self.left = requests[self.most :]
        return {"RequestItems": {table: requests[: self.most] or requests}}

    def answer(self, **_: Any) -> Any:
        """None at all: then nothing goes on its way."""
        return None if self.most else (type("Answer", (), {"status_code": 200}), {})

    def tell(self, parsed: Any, **_: Any) -> None:
        """The rest is handed back."""
        if self.left:
            parsed["UnprocessedItems"] = {"StateTable": self.left}


def test_rows_that_were_left_are_sent_again_until_all_stand(stack):
    busy = Busy(stack, 10)
    stack.table.put_many(ROWS)
    assert list(stack.table.query("A").rows) == ROWS
    assert busy.calls == 3 + 3 + 1, "of 25, 25 and 10 rows"


def test_a_table_that_takes_nothing_is_unavailable_after_as_many_tries_as_there_are_pauses(stack):
    busy = Busy(stack, 0)
    with pytest.raises(Unavailable) as raised:
        stack.table.put_many(ROWS)
    assert raised.value.code == "table_busy"
    assert busy.calls == conflicts.MOST_TRIES
    assert stack.table.query("A").rows == ()

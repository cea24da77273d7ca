"""Moto in a hurry is as strict as it was."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

KEY = {"pk": {"S": "an item"}, "sk": {"S": "of some size"}}
PART = "x" * 150_000


def test_an_item_that_is_too_large_is_refused(stack):
    with pytest.raises(ClientError, match="ValidationException"):
        stack.dynamodb.put_item(
            TableName="StateTable", Item={**KEY, "a": {"S": PART}, "b": {"S": PART}, "c": {"S": PART}}
        )


def test_an_item_may_not_grow_too_large(stack):
    stack.dynamodb.put_item(TableName="StateTable", Item={**KEY, "a": {"S": PART}})

    def grow(name):
        stack.dynamodb.update_item(
            TableName="StateTable",
            Key=KEY,
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": {"S": PART}},
        )

    for name in ("a", "a", "a", "b"):
        grow(name)
    with pytest.raises(ClientError, match="ValidationException"):
        grow("c")

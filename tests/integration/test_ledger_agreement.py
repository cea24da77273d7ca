"""What holds charges against Bedrock's ledger at the end of each test sees it when they disagree."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tunedrop.edges.rows import deployment_rows

from tests.integration import bedrock_world, ledger_agreement
from tests.integration.bedrock_world import HOUR
from tests.integration.ledger_agreement import disagreements


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"billed_since": timedelta(minutes=-2)}, "is billed since"),
        ({"deleted_at": timedelta(minutes=-2)}, "is billed until"),
        ({"arn": None, "state": "requested"}, "its row says that it is not"),
    ],
)
def test_a_row_that_says_another_minute_is_found(stack, environment, change, words):
    world = bedrock_world.make(stack, environment)
    world.ready()
    world.clock.advance(HOUR)
    assert list(disagreements(world)) == []
    purchase, now = world.purchase(), world.clock.now()
    moved = {name: now + value if isinstance(value, timedelta) else value for name, value in change.items()}
    assert stack.table.put(deployment_rows.put_purchase(replace(purchase, **moved))).done
    (told,) = disagreements(world)
    assert words in told
    ledger_agreement.WORLDS.clear()

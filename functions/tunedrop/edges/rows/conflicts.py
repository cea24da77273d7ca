"""Writers that meet on a row at the same moment: DynamoDB cancels one of them, which then tries again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from botocore.exceptions import ClientError

MOST_TRIES = 5
FIRST_PAUSE_SECONDS = 0.05

T = TypeVar("T")


def pauses() -> Iterator[float]:
    """Seconds to wait before each further try: doubled each time, up to half of it left to chance."""
    for number in range(MOST_TRIES - 1):
        yield FIRST_PAUSE_SECONDS * 2**number * (0.5 + random.random() / 2)  # noqa: S311 - spreads writers, no secret


def retried(call: Callable[[], T]) -> T:
    """The answer of `call`, tried again while nothing but another writer stood in the way. The last conflict rises."""
    for pause in pauses():
        try:
            return call()
        except ClientError as error:
            if not _only_conflicts(error):
                raise
        time.sleep(pause)
    return call()


def _only_conflicts(error: ClientError) -> bool:
    if error.response["Error"]["Code"] == "TransactionConflictException":
        return True
    reasons = {reason.get("Code") for reason in cast("dict[str, Any]", error.response).get("CancellationReasons", [])}
    return "TransactionConflict" in reasons and reasons <= {"TransactionConflict", "None", None}

"""Clients of AWS that one test after the other is lent: making them took a twelfth of the time of all tests in moto."""

from __future__ import annotations

import os
import threading
from collections import Counter, defaultdict
from typing import Any

import boto3
from botocore.config import Config
from botocore.retries import quota


class _Lent:
    """Clients by what they were asked for, and how many of them this test has."""

    def __init__(self) -> None:
        self.made: dict[object, list[tuple[Any, object]]] = defaultdict(list)
        self.lent: Counter[object] = Counter()
        self.retried = False
        self.lock = threading.Lock()

    def take_back(self) -> None:
        """Keep those that are as they were made: nobody listens to their calls, none has spent its retries."""
        if self.retried:
            self.made.clear()
        for what, made in self.made.items():
            self.made[what] = [(client, known) for client, known in made if _listeners(client) is known]
        self.lent.clear()
        self.retried = False


LENT = _Lent()


class Session(boto3.Session):
    """A session whose clients live on; within a test no two are the same."""

    def client(self, *arguments: Any, **named: Any) -> Any:
        what = _named(arguments, named)
        with LENT.lock:
            made, lent = LENT.made[what], LENT.lent[what]
            if lent == len(made):
                client = super().client(*arguments, **named)
                made.append((client, _listeners(client)))
            LENT.lent[what] += 1
            return made[lent][0]


def _named(arguments: tuple[Any, ...], named: dict[str, Any]) -> object:
    """All that makes a client what it is: what is asked for, and what botocore reads in the environment."""
    told = {
        name: vars(value) if isinstance(value, Config) else value
        for name, value in (*enumerate(arguments), *named.items())
    }
    around = sorted(each for each in os.environ.items() if each[0].startswith("AWS_"))  # noqa: TID251
    return repr((told, around))


def _listeners(client: Any) -> object:
    """Another object once somebody has begun, or ceased, to listen to the client's calls."""
    return client.meta.events._emitter._lookup_cache


class _Quota(quota.RetryQuota):
    """What a client has left for retries; a client that has sent anything twice is lent to nobody else."""

    def acquire(self, capacity_amount: int) -> bool:
        LENT.retried = True
        return super().acquire(capacity_amount)


quota.RetryQuota = _Quota  # type: ignore[misc]

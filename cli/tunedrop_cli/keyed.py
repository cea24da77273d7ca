"""Requests that spend, under an Idempotency-Key that a person can repeat where the answer got lost."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tunedrop_cli import stack, text_report
from tunedrop_cli.errors import Refused


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the option that repeats."""
    command.add_argument("--idempotency-key", metavar="KEY", help="repeat a request whose answer got lost")


@contextmanager
def request(chosen: argparse.Namespace, doubt: str) -> Iterator[str]:
    """Yield the key. Where the answer got lost, say `doubt` and how to ask again under the same key; passes Refused."""
    key = chosen.idempotency_key or secrets.token_hex(16)
    try:
        yield key
    except Refused as refused:
        if refused.is_in_doubt:
            aside = text_report.console(stderr=True)
            text_report.line(aside, doubt)
            repeat = "" if chosen.idempotency_key else f" --idempotency-key {key}"
            text_report.next_step(aside, f"{stack.typed(chosen)}{repeat}")
        raise

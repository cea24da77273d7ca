"""The door for what changes something, which only `--write` and `--spend` open."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeVar

from tunedrop_cli import pauses
from tunedrop_cli.doctor.outcomes import CannotTell
from tunedrop_cli.doctor.reading import Reader, told

FORGIVEN = 10
"""How many looks in a row may fail before waiting is given up."""
SENDS_WITHIN = 60.0

Seen = TypeVar("Seen")


@dataclass(slots=True)
class Writer(Reader):
    """A Reader that may also write: with the person's own credentials, and through ControlApi."""

    def act(self, service: str, operation: str, **arguments: Any) -> Any:
        """Any call. Raises as `ask` does."""
        return self._call(service, operation, arguments)

    def post(self, path: str, body: Mapping[str, Any], key: str = "") -> Any:
        """A POST request of ControlApi, repeated only if it has an Idempotency-Key."""
        with told(f"POST {path}"):
            return self.api().post(path, body, idempotency_key=key or None)

    def delete(self, path: str, **query: str) -> Any:
        """A DELETE request of ControlApi."""
        with told(f"DELETE {path}"):
            return self.api().delete(path, **query)


def send(link: Mapping[str, Any], body: bytes) -> int:
    """Use an upload link, with the body's own length; return S3's status. Raises CannotTell if nobody answers."""
    headers = {name: value for name, value in link["headers"].items() if name.lower() != "content-length"}
    request = urllib.request.Request(link["url"], body, headers, method=link["method"])  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SENDS_WITHIN) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, HTTPException) as error:
        raise CannotTell(f"S3 did not answer: {error}") from error


def until(look: Callable[[], Seen | None], *, within: float, what: str) -> Seen:
    """What `look` gives once it is true. Raises CannotTell after `within` seconds, or if it can't look for long."""
    end, failures = time.monotonic() + within, 0
    for pause in pauses.growing():
        try:
            seen, failures = look(), 0
        except CannotTell:
            seen, failures = None, failures + 1
            if failures > FORGIVEN:
                raise
        if seen:
            return seen
        if time.monotonic() > end:
            break
        time.sleep(pause)
    raise CannotTell(f"{what}: not within {within / 60:.0f} minutes")


def each_page(reader: Reader, path: str, key: str) -> Iterable[dict[str, Any]]:
    """All elements of a listing of ControlApi, newest first."""
    cursor = ""
    while True:
        page = reader.get(path, limit=100, **({"cursor": cursor} if cursor else {}))
        yield from page[key]
        cursor = page["cursor"] or ""
        if not cursor:
            return

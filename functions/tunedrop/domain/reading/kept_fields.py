"""Fields that `[fields] keep` of `dataset.toml` names: taken off a record before anything else reads it.

So they can be in no text that trains, whatever a format's reader does. Those of test are stored beside its prepared
data, for evaluations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

RESERVED = frozenset({"completion", "messages", "prompt", "schemaVersion", "system"})
"""Fields that train, or decide how: they can't be kept."""
MOST = 20
LONGEST = 100
"""Characters of a name."""


def parted(document: Mapping[str, Any], keep: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields to read, and those to keep."""
    rest = {name: value for name, value in document.items() if name not in keep}
    return rest, {name: value for name, value in document.items() if name in keep and value is not None}


def line(number: int, kept: Mapping[str, Any]) -> bytes:
    """What is kept of one record, as a line. `number` counts from 1."""
    return msgspec.json.encode({"record": number, "fields": kept}) + b"\n"


def load(lines: Iterable[bytes]) -> dict[int, dict[str, Any]]:
    """What `line` wrote, by record."""
    read = msgspec.json.Decoder(dict[str, Any]).decode
    return {each["record"]: each["fields"] for each in map(read, lines)}

"""The small dataset of `--write` and `--spend`: questions about the guides of Larkspur Home, a company that isn't."""

from __future__ import annotations

import json
import pkgutil

_APPLIANCES = ("kettle", "toaster", "heater", "lamp", "fan", "mixer", "scale", "clock", "radio", "iron")
_DEEDS = ("clean", "store", "repair", "register", "return", "move", "test", "adjust", "connect", "recycle")
_WAYS = ("How do I {} my {} number {}?", "I want to {} the {} number {}. What do I do?")
PARQUET_RECORDS = 200
"""Of the file sample.parquet: as many as the base model that asks for most."""
QUESTION = "How do I clean my kettle number 1?"


def records(count: int, first: int = 0) -> list[tuple[str, str]]:
    """Prompts and completions, no two alike."""
    return [_record(number) for number in range(first, first + count)]


def _record(number: int) -> tuple[str, str]:
    deed, appliance = _DEEDS[number // len(_APPLIANCES) % len(_DEEDS)], _APPLIANCES[number % len(_APPLIANCES)]
    way = _WAYS[number // 100 % len(_WAYS)]
    return way.format(deed, appliance, number + 1), f"See guide L-{number + 1}: to {deed} a {appliance}, open its base."


def lines(count: int, first: int = 0) -> bytes:
    """The records as JSON Lines."""
    pairs = ({"prompt": prompt, "completion": completion} for prompt, completion in records(count, first))
    return "".join(json.dumps(pair) + "\n" for pair in pairs).encode()


def parquet() -> bytes:
    """PARQUET_RECORDS records as a Parquet file, compressed by Snappy."""
    return pkgutil.get_data(__package__ or "", "sample.parquet") or b""

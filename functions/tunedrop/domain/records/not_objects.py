"""Say what JSON is that should be a record and is no object, and how to make records of it."""

from __future__ import annotations

import json
import re
from typing import Any

from tunedrop.domain.records.defects import Defect, shown

_NAN = re.compile(r'"((?:[^"\\]|\\.)*+)"\s*+:\s*+NaN')
_PANDAS = 'with pandas, df.to_json("OUT.jsonl", orient="records", lines=True, force_ascii=False)'


def hint(value: Any, unit: str) -> str:
    """How to make records of a value; empty if nothing is known of it."""
    if isinstance(value, str):
        return _of_text(value, unit)
    if not isinstance(value, list) or not value:
        return ""
    first = value[0]
    if isinstance(first, dict):
        return _of_objects(first, unit)
    if isinstance(first, list):
        return f"The {unit} is an array of arrays: write each of its elements as a record."
    if isinstance(first, str) and _of_text(first, unit):
        return "Each text of the array holds JSON, which was encoded twice: write what json.loads returns for each."
    names = ", ".join(f'"name{number}": "…"' for number in range(1, min(len(value), 3) + 1))
    if len(value) == 2:
        names = '"prompt": "…", "completion": "…"'
    return f"Values without names, as of a row of a table: write each as {{{names}}}; {_PANDAS}."


def _of_text(text: str, unit: str) -> str:
    try:
        json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return ""
    if text.lstrip()[:1] not in {"{", "["}:
        return ""
    return f"The {unit} is a text that holds JSON, which was encoded twice: write what json.loads returns for it."


def _of_objects(first: dict[str, Any], unit: str) -> str:
    if "role" in first:
        return 'A conversation without a name: write it as {"messages": […]}.'
    if "from" in first:
        return 'A conversation without a name: write it as {"conversations": […]}.'
    return f"The {unit} is an array of objects: write each of them on a line of its own, or all arrays as one."


def not_a_number(text: str) -> Defect:
    """The defect of JSON text with NaN, as pandas and others write a missing value."""
    found = _NAN.search(text)
    where = f"The field {shown(found[1])} is NaN" if found else "There is a NaN"
    return Defect(
        "number_out_of_range",
        f"{where}, which is no JSON: a value is missing.",
        hint="Fill in the value if the field trains, or take the record out; in any other field, write null.",
    )

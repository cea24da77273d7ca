"""Recognize an object that holds many records: a table by columns or by rows, or lists of records under keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.formats import pairs, sharegpt
from tunedrop.domain.records.defects import Defect, shown
from tunedrop.domain.records.record import Document

_PANDAS = (
    'pandas.read_json("IN.json", orient="{orient}", dtype=False)'
    '.to_json("OUT.jsonl", orient="records", lines=True, force_ascii=False)'
)
TURNS = frozenset({*sharegpt.NAMES, "history", "contents", "turns", "dialog", "dialogue", "chat", "mapping", "tools"})
"""Fields whose lists hold turns or definitions, not records."""
_OF_TURNS = frozenset({"role", "from", "speaker", "sender", "author", "type", "text", "content", "parts"})
_SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "dev": "validation",
}
_OF_RECORDS = frozenset({*pairs.QUESTIONS, *pairs.ANSWERS, *sharegpt.NAMES})
_LEAST = 2


def identify(document: Document, names: frozenset[str]) -> Defect | None:
    """The defect of an object that holds all records of a file; None if it is a record. `names` are folded."""
    if not any(isinstance(value, list | dict) for value in document.values()):
        return None
    if (orient := _orient(document)) and (orient != "index" or names.isdisjoint(_OF_RECORDS)):
        return Defect(
            "wrong_layout",
            f'The object is a whole table, as pandas writes it with orient="{orient}".',
            hint=f"Write a record on each line: {_PANDAS.format(orient=orient)}.",
        )
    if _is_columns(document):
        return Defect(
            "wrong_layout",
            "The object is a whole table, with the values of each column in a list.",
            hint='Write a record on each line: dataset.to_json("OUT.jsonl") with Hugging Face\'s datasets, else '
            f"{_PANDAS.format(orient='columns')}.",
        )
    return _lists(document) if names.isdisjoint(_OF_RECORDS) else None


def _orient(document: Document) -> str:
    """How pandas calls a table's layout; empty if it is none of pandas'."""
    if document.keys() == {"columns", "index", "data"} and _is_lists(document["data"]):
        return "split"
    if (
        document.keys() == {"schema", "data"}
        and isinstance(document["schema"], dict)
        and "fields" in document["schema"]
    ):
        return "table"
    inner = [value for value in document.values() if isinstance(value, dict) and value]
    if len(inner) < len(document) or not inner or any(value.keys() != inner[0].keys() for value in inner):
        return ""
    if all(name.isdecimal() for name in inner[0]):
        return "columns"
    named = len(document) >= _LEAST and any(isinstance(value, str | list) for value in inner[0].values())
    return "index" if named and len(inner[0]) > 1 else ""


def _is_lists(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, list) for row in value)


def _is_columns(document: Document) -> bool:
    """Whether every field holds a list of as many values as all others: texts, or whole conversations."""
    columns = list(document.values())
    if not all(isinstance(values, list) for values in columns) or len({len(values) for values in columns}) != 1:
        return False
    if len(columns[0]) < _LEAST:
        return False
    if len(columns) == 1:
        return not document.keys().isdisjoint(sharegpt.NAMES) and all(_is_turns(values) for values in columns[0])
    return all(not isinstance(value, dict) for values in columns for value in values)


def _is_turns(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _lists(document: Document) -> Defect | None:
    names = [name for name, value in document.items() if name not in TURNS and _is_records(value)]
    splits = [name for name in names if name.casefold() in _SPLITS]
    if len(splits) > 1:
        message = f"The object holds several splits, {' and '.join(map(shown, splits))}."
        files = ", ".join(f"{_SPLITS[name.casefold()]}.json" for name in splits)
        return Defect("wrong_layout", message, hint=f"Write each list into a file of its own: {files}.")
    if not names:
        return None
    message = f"The object holds a list of objects, {shown(names[0])}, which seem to be the records."
    return Defect("wrong_layout", message, hint=inner_list(names[0]))


def inner_list(name: str) -> str:
    """The hint on records in a list inside an object."""
    return f"Upload the list in {shown(name)} itself, from its [ to its ], as a .json file."


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and is_record(value[0])


def is_record(first: Mapping[str, Any]) -> bool:
    """Whether the first object of a list may be a record, rather than a turn or a block."""
    return _OF_TURNS.isdisjoint(first)

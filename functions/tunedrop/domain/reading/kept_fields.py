"""Fields that `[fields]` of `dataset.toml` names: taken off a record before anything else reads it.

So they can be in no text that trains, whatever a format's reader does. Of those to keep, test's are stored beside its
prepared data, for evaluations; those to ignore are left out of messages and their blocks, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from tunedrop.domain.formats import alpaca, pairs, sharegpt
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect, shown

RESERVED = frozenset({"completion", "messages", "prompt", "schemaVersion", "system"})
"""Fields that train, or decide how: they can't be kept."""
_READ = RESERVED | {
    "role",
    "content",
    "from",
    "value",
    *alpaca.NAMES,
    *pairs.QUESTIONS,
    *pairs.ANSWERS,
    *sharegpt.NAMES,
}
_LACKING = frozenset({"missing_field", "unknown_format", "no_answers"})
REFERENCES = "references"
"""Further right answers of a record."""
MOST, MOST_IGNORED = 20, 100
"""Names to keep, and to ignore."""
LONGEST = 100
"""Characters of a name."""


def parted(document: Mapping[str, Any], keep: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields to read, and those to keep."""
    rest = {name: value for name, value in document.items() if name not in keep}
    return rest, {name: value for name, value in document.items() if name in keep and value is not None}


def without(document: Mapping[str, Any], ignore: frozenset[str]) -> tuple[dict[str, Any], int]:
    """The object without fields to ignore, in itself and in the objects of its lists, and how many were left out.

    Lists in those objects are treated alike, so a block's fields can be ignored, but no field of an object in a field.
    """
    found: dict[str, Any] = {}
    count = 0
    for name, value in document.items():
        if name in ignore:
            count += 1
        elif isinstance(value, list):
            found[name], less = _listed(value, ignore)
            count += less
        else:
            found[name] = value
    return found, count


def _listed(items: Sequence[Any], ignore: frozenset[str]) -> tuple[list[Any], int]:
    parted = [without(item, ignore) if isinstance(item, Mapping) else (item, 0) for item in items]
    return [item for item, _ in parted], sum(count for _, count in parted)


def blamed(defects: Sequence[Defect], ignored: frozenset[str]) -> tuple[Defect, ...]:
    """The defects, with the hint to ignore no such field on those that lack what is ignored, if formats read that.

    Any of it may be ignored beside another form of the record, such as the prompt beside a whole conversation.
    """
    read = sorted(ignored & _READ)
    if not read:
        return tuple(defects)
    names = " and ".join(map(shown, read))
    hint = f"[fields] ignore or --ignore-field leaves out {names}: ignore nothing that a record needs."
    return tuple(replace(each, hint=hint) if each.code in _LACKING else each for each in defects)


def null_references(kept: Mapping[str, Any]) -> Iterator[Defect]:
    """At most one defect: a null among further right answers, also where a table's cell holds them as JSON."""
    given = references(kept)
    if isinstance(given, list) and None in given:
        place = f"{REFERENCES}[{given.index(None)}]"
        yield Defect("null_reference", f"{place} is null, which is no answer; it is not kept as one.", f"$.{place}")


def references(kept: Mapping[str, Any]) -> Any:
    """Further right answers: a list, or one alone; in a table's cell, a list as JSON."""
    given = kept.get(REFERENCES, [])
    if isinstance(given, str) and given.lstrip().startswith("["):
        listed = strict_json.parse_cell(given)
        return listed if isinstance(listed, list) else given
    return given


def line(number: int, kept: Mapping[str, Any]) -> bytes:
    """What is kept of one record, as a line. `number` counts from 1."""
    return msgspec.json.encode({"record": number, "fields": kept}) + b"\n"


def load(lines: Iterable[bytes]) -> dict[int, dict[str, Any]]:
    """What `line` wrote, by record."""
    read = msgspec.json.Decoder(dict[str, Any]).decode
    return {each["record"]: each["fields"] for each in map(read, lines)}

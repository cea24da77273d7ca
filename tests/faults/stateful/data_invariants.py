"""What must hold of uploads and versions."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tests.faults.stateful.history import Uploaded
from tests.faults.stateful.program import Program


def newer_versions_hold_newer_files(program: Program) -> Iterator[str]:
    """I7: of two versions the later one holds no older upload of a slot, unless both say the same."""
    order = {each.version_id: (place, each) for place, each in enumerate(program.history.uploads)}
    versions: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in program.rows():
        if row["sk"].value.startswith("VERSION#"):
            versions[row["pk"].value][int(row["sk"].value.removeprefix("VERSION#"))] = row["files"].value
    for dataset, numbered in versions.items():
        listed = [numbered[number] for number in sorted(numbered)]
        for earlier, later in itertools.pairwise(listed):
            for slot in earlier.keys() & later.keys():
                old, new = (order[files[slot].value["version_id"].value] for files in (earlier, later))
                if new[0] < old[0] and new[1].content != old[1].content:
                    yield f"{dataset}: {slot} went back from {old[1].content} to {new[1].content}"


def newest_wins(program: Program) -> Iterator[str]:
    """I7, at rest: a dataset's newest version holds what was uploaded last to each slot."""
    for dataset, slot, last in _last_uploads(program):
        current = _current(program, dataset, slot)
        if current is None or current.content != last.content:
            yield f"{dataset}: {slot} is {current and current.content}, {last.content} was uploaded last"


def erased_is_gone(program: Program) -> Iterator[str]:
    """I16, at rest: of a deleted dataset the bucket holds nothing that was there when the deletion was accepted."""
    for asked in program.history.accepted("DELETE", "/datasets/"):
        dataset, numbers = asked.answer["dataset"], asked.answer["versions"]
        made = tuple(f"{kind}/{dataset}/{number}/" for kind in ("prepared", "reports") for number in numbers)
        asked_at = datetime.fromisoformat(asked.answer["asked_at"]).replace(tzinfo=None)
        for key, kept in program.stored():
            whole = asked.answer["version"] is None and key.startswith(f"incoming/{dataset}/")
            if key.startswith(made) or (whole and kept.last_modified <= asked_at):
                yield f"{key} outlived the deletion of {asked.path}"


def _last_uploads(program: Program) -> Iterator[tuple[str, str, Uploaded]]:
    """The last upload to each slot; not of datasets of which something was ever deleted."""
    touched = {asked.path.split("/")[2] for asked in program.history.requests if asked.method == "DELETE"}
    last = {(each.dataset, each.slot): each for each in program.history.uploads if each.dataset not in touched}
    return ((dataset, slot, each) for (dataset, slot), each in last.items())


def _current(program: Program, dataset: str, slot: str) -> Uploaded | None:
    known = {each.version_id: each for each in program.history.uploads}
    for row in program.rows():
        if row["pk"].value == f"DATASET#{dataset}" and row["sk"].value == "HEAD" and slot in row["files"].value:
            return known[row["files"].value[slot].value["version_id"].value]
    return None

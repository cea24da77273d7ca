"""Records that leak from one split into a later one, where metrics measured on them flatter the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks.near_duplicates import Likeness
from tunedrop.domain.checks.seen_records import Seen
from tunedrop.domain.records.defects import Defect


def leaks(seen: Seen, earlier: Mapping[Split, tuple[Seen, Likeness]]) -> Iterator[Defect]:
    """At most one defect per record: the same record before a near duplicate, then the earliest split."""
    prints = seen.prints
    for index in range(len(prints)):
        found = _same(seen, index, earlier) or _near(seen, index, earlier)
        if found:
            code, message = found
            yield Defect(code, message, line=prints.lines[index] or None, record=prints.numbers[index])


def _same(seen: Seen, index: int, earlier: Mapping[Split, tuple[Seen, Likeness]]) -> tuple[str, str] | None:
    prints = seen.prints
    for split, (other, _) in earlier.items():
        found = other.find_record(prints, index)
        if found:
            where = f"record {other.prints.numbers[found[0]]:,} of {split}"
            if found[1]:
                return "split_overlap", f"The same as {where}."
            return "split_near_duplicate", f"The same as {where} but for case, spaces or punctuation."
    for split, (other, _) in earlier.items():
        asked = other.find_question(prints, index)
        if asked is not None:
            where = f"record {other.prints.numbers[asked]:,} of {split}"
            return "split_same_question", f"The same question as in {where}, with another answer."
    return None


def _near(seen: Seen, index: int, earlier: Mapping[Split, tuple[Seen, Likeness]]) -> tuple[str, str] | None:
    for split, (other, likeness) in earlier.items():
        found = likeness.find(seen.prints, index)
        if found is not None:
            return "split_near_duplicate", f"Nearly the same as record {other.prints.numbers[found]:,} of {split}."
    return None

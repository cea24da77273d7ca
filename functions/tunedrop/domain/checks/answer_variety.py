"""Whether a split teaches more than one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tunedrop.domain.checks.seen_records import Seen
from tunedrop.domain.records.defects import Defect

MIN_RECORDS = 10
MAX_SHARE = 0.98
"""A class rarer than one in fifty is hardly learned. One in twenty is normal, for example in fraud data."""


def one_answer(seen: Seen) -> Iterator[Defect]:
    """One defect if nearly all different records share an answer, at the first record that has it."""
    prints = seen.prints
    different = [index for index in range(len(prints)) if seen.repeats.get(index) not in _SAME]
    if len(different) < MIN_RECORDS:
        return
    ((answer, count),) = Counter(map(prints.answers.__getitem__, different)).most_common(1)
    if count > MAX_SHARE * len(different):
        first = prints.answers.index(answer)
        message = (
            f"{count:,} of {len(different):,} different records have the answer of record {prints.numbers[first]:,}."
        )
        yield Defect("one_answer", message, line=prints.lines[first] or None, record=prints.numbers[first])


_SAME = frozenset({"exact_duplicate", "normalised_duplicate"})

"""Duplicates, conflicts and leaks among the records of a version, within a split and across splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.checks.answer_variety import one_answer
from tunedrop.domain.checks.leakage import leaks
from tunedrop.domain.checks.near_duplicates import Likeness
from tunedrop.domain.checks.seen_records import Repeated, Seen
from tunedrop.domain.records import stored_fingerprints
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Record
from tunedrop.domain.records.stored_fingerprints import UnreadableFingerprints


class Repetitions:
    """Compares the splits of one version, each read record by record or restored from stored fingerprints.

    Memory is bounded: a split of 50,000 long records takes about 70 MB, and records after those are not compared.
    """

    def __init__(self) -> None:
        self._splits: dict[Split, Seen] = {}
        self._likeness: dict[Split, Likeness] = {}

    def look(self, split: Split, record: Record, number: int, line: int | None) -> tuple[Defect, ...]:
        """Remember a record and return what it repeats of its own split. `number` and `line` say where it is."""
        seen = self._splits.get(split)
        if seen is None:
            seen = self._splits[split] = Seen()
        return seen.look(record, number, line)

    def finish(self, split: Split) -> tuple[Defect, ...]:
        """Return the defects that show only after all records of this split and of the splits before it are known.

        The order is train, validation, test. Each defect names its record and line.
        """
        seen = self._splits.get(split)
        if seen is None:
            return ()
        return (*one_answer(seen), *self._near(split, seen), *self.leaks(split))

    def _near(self, split: Split, seen: Seen) -> Iterator[Defect]:
        copies, prints = self._likeness_of(split).copies, seen.prints
        seen.near = len(copies)
        for index, original in copies:
            message = f"Nearly the same as record {prints.numbers[original]:,}."
            yield Defect("near_duplicate", message, line=prints.lines[index] or None, record=prints.numbers[index])

    def leaks(self, split: Split) -> tuple[Defect, ...]:
        """The part of `finish` that depends on other splits; the only part that can be new for a restored split."""
        seen, earlier = self._splits.get(split), self._before(split)
        return tuple(leaks(seen, earlier)) if seen and earlier else ()

    def _before(self, split: Split) -> Mapping[Split, tuple[Seen, Likeness]]:
        before = SPLITS[: SPLITS.index(split)]
        return {each: (self._splits[each], self._likeness_of(each)) for each in before if each in self._splits}

    def _likeness_of(self, split: Split) -> Likeness:
        """Build the index on first use, which must come after the last record of the split."""
        if split not in self._likeness:
            self._likeness[split] = Likeness(self._splits[split])
        return self._likeness[split]

    def repeated(self, split: Split) -> Repeated | None:
        """What repetition in this split costs; call after `finish`. None if the split is unknown."""
        seen = self._splits.get(split)
        return seen.repeated() if seen else None

    def fingerprints(self, split: Split) -> bytes:
        """Serialize the split's fingerprints for `remember`, so that a later version need not read it again."""
        seen = self._splits.get(split)
        return stored_fingerprints.dump(seen.prints) if seen else b""

    def remember(self, split: Split, dumped: bytes) -> bool:
        """Restore a split from stored `fingerprints`. False if they are unreadable, so the split must be read."""
        try:
            prints = stored_fingerprints.load(dumped)
        except UnreadableFingerprints:
            return False
        self._splits[split] = Seen(prints)
        self._likeness.pop(split, None)
        return True

"""The base models that a split is examined for, side by side: what is clear for several is counted and written once.

Lanes whose lines would be the same, which is so for base models of one training format, make a group. A record that
has no finding for any of them is only counted. All others go through every lane of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tunedrop.domain.checks.marks import Marks, Signs
from tunedrop.domain.checks.registry import Spot
from tunedrop.domain.checks.split_examination import Examination
from tunedrop.domain.formats import all_formats
from tunedrop.domain.reading.split_files import Entry
from tunedrop.domain.records.bulk import Cells
from tunedrop.domain.records.record import Record
from tunedrop.domain.texts import tokens


def discard(line: bytes) -> None:
    """Take a line that nobody wants."""


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One base model's examination of one split, and where its lines go."""

    examination: Examination
    write: Callable[[bytes], object]

    def take(self, entry: Entry, spots: Sequence[tuple[str, Spot]], estimated: int | None) -> None:
        """Examine one entry."""
        if (line := self.examination.examine(entry, spots, estimated)) is not None:
            self.write(line)


class LaneGroup:
    """Lanes of one training format with the same configured system text."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        examinations = [lane.examination for lane in lanes]
        subject, models = examinations[0].subject, [each.base_model for each in examinations]
        self._lanes = lanes
        self._system = subject.default_system
        self._format = all_formats.FORMATS[models[0].record_format]
        self._is_sound = all(each.is_sound for each in examinations)
        words = dict.fromkeys(word for model in models for rule in model.reserved for word in rule.words)
        self._no_reserved_word = Signs(*(word.lstrip("\n") for word in words))  # at its start, a text needs no line end
        lowest = min(model.limits.record_tokens for model in models)
        self._room = lowest / (1 + tokens.MARGIN) - examinations[0].added
        self._counts = subject.level == "all"
        self._clear = self._without_system = 0
        self._estimates: Counter[int] = Counter()
        self._writing: list[Lane] = []
        self.choose_writing()

    def is_clear(self, record: Record, marks: Marks, estimated: int) -> bool:
        """Whether it is proved that none of the lanes' own checks finds anything in the record."""
        if record.tools or not (marks.is_single and self._is_sound and self._no_reserved_word(marks)):
            return False
        if estimated > self._room:
            return False
        return marks.is_pair or not any(self._format.obstacles(self._with_system(record)))

    def take_clear(self, record: Record, marks: Marks, estimated: int) -> None:
        """Count a record that is clear, and write it."""
        self._clear += 1
        if not record.system:
            self._without_system += 1
            if self._system is not None:
                record = self._with_system(record)
                estimated = tokens.estimate([*marks.texts, self._system.text or ""])
        if self._counts:
            self._estimates[estimated] += 1
        if self._writing:
            line = self._format.write(record).line
            for lane in self._writing:
                lane.write(line)

    def _with_system(self, record: Record) -> Record:
        return record if record.system or self._system is None else replace(record, system=(self._system,))

    def settle(self) -> None:
        """Tell the lanes what was counted, which must come before any of them takes an entry by itself."""
        if self._clear:
            for lane in self._lanes:
                lane.examination.take_clear(self._clear, self._without_system)
            self._clear = self._without_system = 0

    def choose_writing(self) -> None:
        """Find out whose lines are still wanted, which must come after any of them has taken an entry by itself."""
        self._writing = [lane for lane in self._lanes if lane.write is not discard and not lane.examination.rejected]

    def finish(self) -> None:
        """Tell the lanes everything that was counted."""
        self.settle()
        for lane in self._lanes:
            lane.examination.take_estimates(self._estimates)
        self._estimates.clear()


def grouped(lanes: Iterable[Lane]) -> Mapping[Lane, LaneGroup]:
    """The group of each lane."""
    found: dict[object, list[Lane]] = {}
    for lane in lanes:
        model, subject = lane.examination.base_model, lane.examination.subject
        key = model.record_format, subject.default_system, subject.drops_system, subject.split, model.validation
        found.setdefault(key, []).append(lane)
    return {lane: group for each in found.values() for group in [LaneGroup(each)] for lane in each}


class Crowd:
    """The lanes that take the records of one split, in order."""

    def __init__(self, lanes: Sequence[Lane], groups: Mapping[Lane, LaneGroup]) -> None:
        self._lanes = lanes
        self._group_of = groups
        self._groups = tuple(dict.fromkeys(groups[lane] for lane in lanes))

    def take(self, entry: Entry) -> None:
        """Examine an entry without a record."""
        self._take_singly(entry, self._groups, (), None)

    def take_record(self, entry: Entry, record: Record, marks: Marks, spots: Sequence[tuple[str, Spot]]) -> None:
        """Examine an entry's record, in which the shared checks have found `spots`."""
        estimated = tokens.estimate(marks.texts)
        odd = spots or entry.defects or record.weighted
        unclear = []
        for group in self._groups:
            if odd or not group.is_clear(record, marks, estimated):
                unclear.append(group)
            else:
                group.take_clear(record, marks, estimated)
        if unclear:
            self._take_singly(entry, unclear, spots, estimated)

    def _take_singly(
        self, entry: Entry, groups: Sequence[LaneGroup], spots: Sequence[tuple[str, Spot]], estimated: int | None
    ) -> None:
        for group in groups:
            group.settle()
        for lane in self._lanes:
            if self._group_of[lane] in groups:
                lane.take(entry, spots, estimated)
        for group in groups:
            group.choose_writing()

    def take_whole(self, cells: Cells) -> None:
        """Take a block of which it is proved that no check finds anything in it."""
        for lane in self._lanes:
            if (lines := lane.examination.take_whole(cells)) is not None:
                lane.write(lines)

    def finish(self) -> None:
        """Tell the lanes everything that was counted."""
        for group in self._groups:
            group.finish()

"""One of the examinations that a pass over a split feeds, and where its lines go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunedrop.domain.checks.registry import Spot
from tunedrop.domain.checks.split_examination import Examination
from tunedrop.domain.reading.split_files import Entry
from tunedrop.domain.records.bulk import Cells


@dataclass(frozen=True, slots=True)
class Lane:
    """One base model's examination of one split, and where its lines go."""

    examination: Examination
    write: Callable[[bytes], object]

    def take(self, entry: Entry, spots: Sequence[tuple[str, Spot]], estimated: int | None) -> None:
        """Examine one entry; the findings of shared checks and the tokens of its texts are known."""
        if (line := self.examination.examine(entry, spots, estimated)) is not None:
            self.write(line)

    def take_whole(self, cells: Cells) -> None:
        """Convert a block that needs no examination."""
        if (lines := self.examination.take_whole(cells)) is not None:
            self.write(lines)

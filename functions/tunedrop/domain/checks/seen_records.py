"""The records of one split, remembered as fingerprints, with an index of which came first."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.fingerprints import MEMORY, Fingerprints
from tunedrop.domain.records.record import Record
from tunedrop.domain.texts import tokens


@dataclass(frozen=True, slots=True)
class Repeated:
    """What repetition costs: records whose normal form occurred before, and their estimated tokens.

    `near` counts near duplicates, which are not part of the other two numbers.
    """

    records: int = 0
    tokens: int = 0
    near: int = 0


class Seen:
    """Remembers the first 50,000 records and ignores the rest. Indexes count from 0."""

    __slots__ = ("_exact", "_questions", "_records", "near", "prints", "repeats", "tokens")

    def __init__(self, prints: Fingerprints | None = None) -> None:
        self.prints = Fingerprints() if prints is None else prints
        self.repeats: dict[int, str] = {}
        """Finding code by the index of each record that repeats another one or only its question."""
        self.tokens = 0
        """Estimated tokens of records whose normal form occurred before."""
        self.near = 0
        self._records: dict[int, int] = {}
        self._questions: dict[int, int] = {}
        self._exact: dict[tuple[int, int], int] = {}
        """For repeated normal forms: (first index of the form, checksum of the bytes) to the first index of both."""
        for index in range(len(self.prints)):
            self._note(index)

    def look(self, record: Record, number: int, line: int | None) -> tuple[Defect, ...]:
        """Remember the next record; return at most one defect that says what it repeats."""
        index = len(self.prints)
        if index >= MEMORY:
            return ()
        self.prints.add(record, number, line)
        if (first := self._note(index)) is None:
            return ()
        code = self.repeats[index]
        if code != "conflicting_answers":
            self.tokens += tokens.estimate(text for _, _, text in record.texts)
        return (Defect(code, _MESSAGES[code].format(self.prints.numbers[first])),)

    def _note(self, index: int) -> int | None:
        """Index one record; return the index of the record it repeats, if any."""
        prints = self.prints
        question = prints.questions[index]
        first = self._records.setdefault((question << 32) | prints.answers[index], index)
        if first != index:
            same, self.repeats[index] = self._among_variants(first, index)
            return same
        if not prints.question_sizes[index]:  # an empty question, or an answer without one, conflicts with nothing
            return None
        first = self._questions.setdefault(question, index)
        if first != index:
            self.repeats[index] = "conflicting_answers"
            return first
        return None

    def _among_variants(self, first: int, index: int) -> tuple[int, str]:
        exact = self.prints.exact
        self._exact.setdefault((first, exact[first]), first)
        same = self._exact.setdefault((first, exact[index]), index)
        return (first, "normalised_duplicate") if same == index else (same, "exact_duplicate")

    def find_record(self, prints: Fingerprints, index: int) -> tuple[int, bool] | None:
        """Look up a record of another split by its normal form: (its index here, whether it is equal byte for byte)."""
        first = self._records.get((prints.questions[index] << 32) | prints.answers[index])
        if first is None:
            return None
        exact = prints.exact[index]
        if self.prints.exact[first] == exact:
            return first, True
        same = self._exact.get((first, exact))
        return (first, False) if same is None else (same, True)

    def find_question(self, prints: Fingerprints, index: int) -> int | None:
        """Look up a record of another split by its question: the index of the first record here that asks it."""
        return self._questions.get(prints.questions[index])

    def originals(self) -> list[int]:
        """The indexes of all records that repeat no other one."""
        return [index for index in range(len(self.prints)) if index not in self.repeats]

    def repeated(self) -> Repeated:
        """Add up what repetition costs."""
        records = sum(code != "conflicting_answers" for code in self.repeats.values())
        return Repeated(records, self.tokens, self.near)


_MESSAGES = {
    "exact_duplicate": "The same as record {:,}.",
    "normalised_duplicate": "The same as record {:,} but for case, spaces or punctuation.",
    "conflicting_answers": "The same question as in record {:,}, with another answer.",
}

"""Records that are nearly the same: most of a long text again, with the same other part or nearly the same.

The main part of a record is its question, or where that is short its answer (`domain/records/fingerprints.py`, which
also says what pieces are). Two records are nearly the same when all of this holds:

- each main part has at least six pieces, which are about 60 words, that are not template;
- of the one with more such pieces, at least three quarters are the other's too: a changed word in 50 leaves that many;
- the system texts are the same, and the main parts have the same digits in the same order: "17 + 1" is no copy of
  "18 + 1";
- the other parts are the same in their normal form, or they begin or end with the same letters: a hundred of an answer,
  which are about 20 words, 24 of a question;
- both questions and both answers differ in length by a quarter at most.

What stands in eight main parts or more is template and proves nothing: instructions, a shared document. So eight
records that are alike are not copies of each other, but made from one template.
Pairs are found by the smallest pieces: of two lists, the longer one n long, that have three quarters of it in common,
the n/4 + 1 smallest of each have one in common by necessity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from tunedrop.domain.checks.seen_records import Seen
from tunedrop.domain.records.fingerprints import ANSWER_END, MIN_BYTES, QUESTION_END, Fingerprints

TEMPLATE = 8
"""Records that make a template of what they share."""
MIN_PIECES = 6

_SAMPLE = 1_024
_CANDIDATES = TEMPLATE
"""Records compared for one piece that they share: as many as make a template."""


class Likeness:
    """One split's records by their pieces: finds for a record the earliest one that it is nearly the same as."""

    def __init__(self, seen: Seen) -> None:
        self.copies: list[tuple[int, int]] = []
        """Each record that is nearly the same as an earlier one, and that one, by index."""
        self._prints = seen.prints
        self._first: dict[int, int] = {}
        self._more: dict[int, list[int]] = {}
        self._crowded: set[int] = set()
        """Records that were made from one template with others."""
        comparable = [index for index in seen.originals() if len(seen.prints.sketches[index]) >= MIN_PIECES]
        self._template = _template(seen.prints, comparable)
        self._root: dict[int, int] = {}
        for index in comparable:
            self._compare(index)
        self._drop_templates()

    def _compare(self, index: int) -> None:
        pieces = self._pieces(self._prints, index)
        if len(pieces) < MIN_PIECES:
            return
        met: list[int] = []
        for piece in pieces[: _smallest(pieces)]:
            other = self._first.setdefault(piece, index)
            if other != index:
                others = self._more.setdefault(piece, [])
                met += (other, *others)
                if len(others) < _CANDIDATES:
                    others.append(index)
        if met and (found := self._nearest(met, self._prints, index, pieces)) is not None:
            self._root[index] = self._root.get(found, found)
            self.copies.append((index, found))

    def _drop_templates(self) -> None:
        sizes = Counter(self._root.values())
        crowded = {root for root, copies in sizes.items() if copies + 1 >= TEMPLATE}
        self._crowded = {index for index, root in self._root.items() if root in crowded} | crowded
        self.copies = [(index, found) for index, found in self.copies if index not in self._crowded]

    def find(self, prints: Fingerprints, index: int) -> int | None:
        """The earliest of these records that a record of another split is nearly the same as."""
        pieces = self._pieces(prints, index)
        if len(pieces) < MIN_PIECES:
            return None
        met: list[int] = []
        for piece in pieces[: _smallest(pieces)]:
            if (other := self._first.get(piece)) is not None:
                met += (other, *self._more.get(piece, ()))
        found = self._nearest(met, prints, index, pieces) if met else None
        return None if found in self._crowded else found

    def _pieces(self, prints: Fingerprints, index: int) -> Sequence[int]:
        """In ascending order."""
        sketch, template = prints.sketches[index], self._template
        return [piece for piece in sketch if piece not in template] if template else sketch

    def _nearest(self, met: Sequence[int], prints: Fingerprints, index: int, pieces: Sequence[int]) -> int | None:
        for other in sorted(set(met)):
            if (
                self._prints.digits[other] == prints.digits[index]
                and _share(pieces, self._pieces(self._prints, other))
                and _others_alike(self._prints, other, prints, index)
            ):
                return other
        return None


def _others_alike(left: Fingerprints, at: int, right: Fingerprints, index: int) -> bool:
    """Whether the parts that are not the main ones agree, and all lengths."""
    questions = left.question_sizes[at], right.question_sizes[index]
    answers = left.answer_sizes[at], right.answer_sizes[index]
    if (questions[0] < MIN_BYTES) != (questions[1] < MIN_BYTES) or not (_similar(*questions) and _similar(*answers)):
        return False
    if left.answers[at] == right.answers[index] and questions[0] >= MIN_BYTES:
        return True
    shorter, end = (min(questions), QUESTION_END) if questions[0] < MIN_BYTES else (min(answers), ANSWER_END)
    return shorter >= end and (left.heads[at] == right.heads[index] or left.tails[at] == right.tails[index])


def _smallest(pieces: Sequence[int]) -> int:
    """Any list that has three quarters in common with this one has one of that many smallest."""
    return len(pieces) // 4 + 1


def _similar(left: int, right: int) -> bool:
    """Whether two lengths differ by a quarter of the longer one at most."""
    return 4 * abs(left - right) <= max(left, right)


def _share(left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether three quarters of the longer one are in both."""
    return 4 * len(set(left).intersection(right)) >= 3 * max(len(left), len(right))


def _template(prints: Fingerprints, comparable: Sequence[int]) -> set[int]:
    """Pieces that many records have, by a sample of them."""
    step = -(-len(comparable) // _SAMPLE) or 1
    counts: Counter[int] = Counter()
    for index in islice(comparable, 0, None, step):
        counts.update(prints.sketches[index])
    return {piece for piece, count in counts.items() if count >= TEMPLATE}

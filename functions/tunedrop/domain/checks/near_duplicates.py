"""Near duplicates: pairs of records that share most of a long text and whose other parts match as well.

The main part of a record is its question, or its answer if the question is short (`domain/records/fingerprints.py`
explains this and what pieces are). Two records are near duplicates when all of this holds:

- each main part has 40 words, and at least eight pieces that are not template;
- at least three quarters of the larger set of pieces are in the other set: of 40 words, two may be others;
- the system texts are the same, and the main parts have the same digits in the same order: "17 + 1" does not
  duplicate "18 + 1";
- the other parts are the same in their normal form, or begin or end with the same letters: 40 for an answer of at
  least 100, about 20 words, and 12 for a question of at least 24; or all but two of their first words are the same,
  and at least six of an answer's, three of a question's;
- the questions, and the answers, differ in length by at most a quarter, or by two words.

Pieces found in eight or more main parts are template (instructions, a shared document) and prove nothing. By the same
rule, eight records that are alike were made from one template and are not reported as copies.

Candidate pairs are found by their smallest pieces: if two lists, the longer one of length n, have three quarters of n
in common, then the n/4 + 1 smallest pieces of each must have at least one in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from tunedrop.domain.checks.seen_records import Seen
from tunedrop.domain.records.fingerprints import ANSWER, QUESTION, Fingerprints, checksums

TEMPLATE = 8
"""As many records that share something make it a template."""
MIN_PIECES = 8

_LEAST = {QUESTION: 100, ANSWER: 24}
"""Bytes of the other part, by the main part. Shorter answers, about 20 words, must be the same; shorter questions may
be about anything."""
_LEAST_WORDS, _OTHER_WORDS = {QUESTION: 6, ANSWER: 3}, 2
"""Words that the other parts have in common, by the main part, and words of either that may be others."""
_TWO_WORDS = 24
"""Bytes: a short question to which two words were added is a quarter longer."""
_SAMPLE = 1_024
"""Records that are looked at to find template pieces."""
_CANDIDATES = TEMPLATE
"""Records compared per shared piece. More would be template, so this bounds the work and loses nothing."""


class Likeness:
    """An index of one split's records by their pieces; finds the earliest near duplicate of a record."""

    def __init__(self, seen: Seen) -> None:
        self.copies: list[tuple[int, int]] = []
        """(index of a record, index of the earlier record it nearly duplicates)"""
        self._prints = seen.prints
        self._first: dict[int, int] = {}
        self._more: dict[int, list[int]] = {}
        self._crowded: set[int] = set()
        """Indexes of records made from one template."""
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
        """The index of the earliest record that record `index` of another split nearly duplicates."""
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
        """The record's pieces without template, in ascending order."""
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
    """Whether the parts that are not the main part match, and the lengths of all."""
    main = left.mains[at]
    questions = left.question_sizes[at], right.question_sizes[index]
    answers = left.answer_sizes[at], right.answer_sizes[index]
    if main != right.mains[index] or not (_similar(*questions) and _similar(*answers)):
        return False
    if main == QUESTION and left.answers[at] == right.answers[index]:
        return True
    if _same_words(checksums(left.words[at]), checksums(right.words[index]), _LEAST_WORDS[main]):
        return True
    shorter = min(answers if main == QUESTION else questions)
    return shorter >= _LEAST[main] and (left.heads[at] == right.heads[index] or left.tails[at] == right.tails[index])


def _same_words(left: Sequence[int], right: Sequence[int], least: int) -> bool:
    if left == right:  # only marks are others
        return len(left) > 0
    longer = max(len(left), len(right))
    return len(set(left).intersection(right)) >= max(least, longer - _OTHER_WORDS)


def _smallest(pieces: Sequence[int]) -> int:
    """How many of the smallest pieces to compare: a list with three quarters in common shares one of them."""
    return len(pieces) // 4 + 1


def _similar(left: int, right: int) -> bool:
    """Whether two lengths differ by at most a quarter of the longer one, or by no more than two words have."""
    return abs(left - right) <= max(left // 4, right // 4, _TWO_WORDS)


def _share(left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether the lists have three quarters of the longer one in common."""
    return 4 * len(set(left).intersection(right)) >= 3 * max(len(left), len(right))


def _template(prints: Fingerprints, comparable: Sequence[int]) -> set[int]:
    """Pieces that many records have, judged by a sample of the records."""
    step = -(-len(comparable) // _SAMPLE) or 1
    counts: Counter[int] = Counter()
    for index in islice(comparable, 0, None, step):
        counts.update(prints.sketches[index])
    return {piece for piece, count in counts.items() if count >= TEMPLATE}

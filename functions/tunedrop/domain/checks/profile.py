"""What a split's records have in common, in constant memory: counters, and what most of them begin or end with.

Only conversations that begin with the user and end with a text answer count; other checks report the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from tunedrop.domain.records.record import Record

LEAST_SHARED = 20
"""Shortest common stretch worth reporting, in characters."""
MOST_SHARED = 10_000
"""Longest stretch that is compared, in characters."""
MAX_LABELS, LONGEST_LABEL = 20, 40
"""With more different answers, or a longer one (in characters), the answers are not labels."""

_OPENING = 80
"""Characters of an answer that are tested first: nearly all have a lower-case letter among them."""
_LEAST_SHOUTED = 20
_LEAST_WORDS = 4
_CODE = re.compile(r"\ASELECT |[=;_{}<>*|]")


class Stretch:
    """The longest text that most texts begin (or end) with, found in one pass.

    A Boyer-Moore majority vote over the first (or last) 20 characters. `hits` is a lower bound: it leaves out texts
    that came before the stretch was adopted, or adopted again.
    """

    __slots__ = ("_at_end", "_core", "_has", "_votes", "hits", "longest", "shared")

    def __init__(self, *, at_end: bool = False) -> None:
        self.shared = self._core = "\0" * LEAST_SHARED
        self.hits = 0
        self.longest = 0
        """Length of the longest text with the stretch, in characters."""
        self._votes = 0
        self._at_end = at_end
        self._has: Callable[[str, str], bool] = str.endswith if at_end else str.startswith

    def look(self, text: str) -> None:
        """Count one text's vote."""
        if self._has(text, self.shared):
            self._count(text)
        elif self._votes > 0:
            if self._has(text, self._core):
                self.shared = self._common(text)
                self._count(text)
            else:
                self._votes -= 1
        elif len(text) >= LEAST_SHARED:
            self._adopt(text)

    def _count(self, text: str) -> None:
        self.hits += 1
        self._votes += 1
        self.longest = max(self.longest, len(text))

    def _adopt(self, text: str) -> None:
        self.shared, self._core = self._cut(text, MOST_SHARED), self._cut(text, LEAST_SHARED)
        self.hits = self._votes = 1
        self.longest = len(text)

    def _cut(self, text: str, size: int) -> str:
        return text[-size:] if self._at_end else text[:size]

    def _common(self, text: str) -> str:
        """The part of the stretch that `text` has, by binary search. `text` must have the core."""
        low, high = LEAST_SHARED, min(len(text), len(self.shared))
        while low < high:
            middle = (low + high + 1) // 2
            if self._has(text, self._cut(self.shared, middle)):
                low = middle
            else:
                high = middle - 1
        return self._cut(self.shared, low)


class Profile:
    """Collects the profile of one split, record by record, in constant memory."""

    __slots__ = ("answer_end", "answer_start", "labels", "looked", "prompt_end", "prompt_start", "shouted", "systems")

    def __init__(self) -> None:
        self.looked = 0
        """Records that were counted."""
        self.systems = 0
        """Counted records with a system text of their own."""
        self.shouted = 0
        """Counted records with an answer of several words, all in upper case."""
        self.prompt_start, self.answer_start = Stretch(), Stretch()
        self.prompt_end, self.answer_end = Stretch(at_end=True), Stretch(at_end=True)
        self.labels: Counter[str] | None = Counter()
        """Records per answer; None once the answers turn out not to be labels."""

    def look(self, record: Record) -> None:
        """Count one record, if it is a conversation as the module describes."""
        turns = record.turns
        if len(turns) < 2:
            return
        first, asked, said = turns[0].blocks, turns[-2].blocks, turns[-1].blocks
        if turns[0].role != "user" or turns[-1].role != "assistant" or not (first and asked and said):
            return
        opening, closing, beginning, answer = first[0].text, asked[-1].text, said[0].text, said[-1].text
        if opening is None or closing is None or beginning is None or answer is None:
            return
        self.looked += 1
        if record.system:
            self.systems += 1
        self.prompt_start.look(opening)
        self.prompt_end.look(closing)
        self.answer_start.look(beginning)
        self.answer_end.look(answer)
        if answer[:_OPENING].isupper() and _is_shouted(answer):
            self.shouted += 1
        if self.labels is not None:
            self._label(answer if len(turns) == 2 and len(said) == 1 else None)

    def _label(self, answer: str | None) -> None:
        labels = self.labels
        if answer is None or len(answer) > LONGEST_LABEL or labels is None:
            self.labels = None
        else:
            labels[answer] += 1
            if len(labels) > MAX_LABELS:
                self.labels = None


def _is_shouted(answer: str) -> bool:
    """Whether an answer is prose in upper case, as opposed to SQL, identifiers or labels."""
    words = [word for word in answer[:_OPENING].split() if word.isalpha()]
    if len(words) < _LEAST_WORDS or sum(map(len, words)) < _LEAST_SHOUTED:
        return False
    return answer == answer.upper() and not _CODE.search(answer, 0, _OPENING)

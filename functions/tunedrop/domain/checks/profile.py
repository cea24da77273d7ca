"""What a split's records have in common: counters, and a stretch of text for each end, however many records there are.

Only conversations that begin with the user and end with an answer in text are looked at; the rest is for other checks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from tunedrop.domain.records.record import Record

LEAST_SHARED = 20
"""Characters of a stretch that is worth a word."""
MOST_SHARED = 10_000
"""Characters that are compared."""
MAX_LABELS, LONGEST_LABEL = 20, 40
"""More different answers than that, or a longer one, and the answers are no labels."""

_OPENING = 80
"""Characters of an answer that are looked at first: most have a lower-case letter among them."""
_LEAST_SHOUTED = 20
_LEAST_WORDS = 4
_CODE = re.compile(r"\ASELECT |[=;_{}<>*|]")


class Stretch:
    """The stretch at one end that most texts share, in one pass: Boyer and Moore's vote over the last characters there.

    `hits` never says too much: texts that came before the stretch was first met, or met again, are not in it.
    """

    __slots__ = ("_at_end", "_core", "_has", "_votes", "hits", "longest", "shared")

    def __init__(self, *, at_end: bool = False) -> None:
        self.shared = self._core = "\0" * LEAST_SHARED
        self.hits = 0
        self.longest = 0
        """Characters of the longest text that has it."""
        self._votes = 0
        self._at_end = at_end
        self._has: Callable[[str, str], bool] = str.endswith if at_end else str.startswith

    def look(self, text: str) -> None:
        """One text's vote."""
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
        """What `text`, which has the core, has of the stretch."""
        low, high = LEAST_SHARED, min(len(text), len(self.shared))
        while low < high:
            middle = (low + high + 1) // 2
            if self._has(text, self._cut(self.shared, middle)):
                low = middle
            else:
                high = middle - 1
        return self._cut(self.shared, low)


class Profile:
    """One split, record by record. Memory does not grow with it."""

    __slots__ = ("answer_end", "answer_start", "labels", "looked", "prompt_end", "prompt_start", "shouted", "systems")

    def __init__(self) -> None:
        self.looked = 0
        """Records that count here."""
        self.systems = 0
        """Of these, with a system text of their own."""
        self.shouted = 0
        """Of these, with an answer of several words in upper case alone."""
        self.prompt_start, self.answer_start = Stretch(), Stretch()
        self.prompt_end, self.answer_end = Stretch(at_end=True), Stretch(at_end=True)
        self.labels: Counter[str] | None = Counter()
        """How many records have which answer; None where answers are no labels."""

    def look(self, record: Record) -> None:
        """Count one record."""
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
    """Running text without a lower-case letter; SQL, identifiers and labels are no such."""
    words = [word for word in answer[:_OPENING].split() if word.isalpha()]
    if len(words) < _LEAST_WORDS or sum(map(len, words)) < _LEAST_SHOUTED:
        return False
    return answer == answer.upper() and not _CODE.search(answer, 0, _OPENING)

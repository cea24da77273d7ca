"""Answers that break off where all others of their split end in full stops. By themselves they prove nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunedrop.domain.checks import truncation
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Record

CODE = "truncated_answer"
LEAST_ENDED = 20
"""Answers with a full stop that make it a rule."""
MOST_OTHERS, MOST_BROKEN = 0.005, 0.05
"""Shares of those: answers that end otherwise without being broken off, and ones that are. With more, it is no rule."""

_MOST_UNENDED = 1_000
"""Answers without a full stop after which there is no rule, unless they are few among those with one."""
_STOPS = ".!?…:。\uff01\uff1f؟।"
_CLOSERS = "\"'”\u2019)»」』*_ \n\t\r"
_LEAST_WORDS, _LEAST_UNSPACED = 8, 20
_EASTERN = "\u2e80"
_LIST_OR_TITLE = re.compile(r"\s*(?:[-*•#|>]|\d+[.)])")


class Endings:
    """Collects how the answers of one split end, record by record. Memory is bounded."""

    __slots__ = ("_broken", "_ended", "_others")

    def __init__(self) -> None:
        self._ended = self._others = 0
        self._broken: list[tuple[int, int | None, str]] = []

    def look(self, record: Record, number: int, line: int | None) -> None:
        """Count the record's last answer. `number` and `line` count from 1."""
        last = record.turns[-1] if record.turns else None
        block = last.blocks[-1] if last and last.role == "assistant" and last.blocks else None
        if block is None or not block.text:
            return
        text = block.text
        if text[-1] in _STOPS or text.rstrip(_CLOSERS)[-1:] in _STOPS:
            self._ended += 1
        elif len(self._broken) + self._others > _MOST_UNENDED + MOST_BROKEN * self._ended:
            self._others += 1
        elif not text.rstrip()[-1:].isalnum():
            return  # code, JSON, emoji and whatever else has ends of its own
        elif _breaks_off(text.rstrip()):
            if truncation.reason(text) is None:
                self._broken.append((number, line, block.path))
        else:
            self._others += 1

    def finish(self) -> Iterator[Defect]:
        """Yield a defect for each answer that breaks off, if all others of the split end in full stops."""
        ended, broken = self._ended, self._broken
        if ended < LEAST_ENDED or self._others > MOST_OTHERS * ended or len(broken) > MOST_BROKEN * ended:
            return
        for number, line, path in broken:
            message = f"It ends without a full stop, and {ended:,} other answers of the split end with one."
            yield Defect(CODE, message, path, line=line, record=number)


def _breaks_off(text: str) -> bool:
    """Whether a text ends in the middle of prose: with a word in lower case, outside of lists and titles."""
    last_line = text[text.rfind("\n") + 1 :]
    if _LIST_OR_TITLE.match(last_line) or not text[-1].isalpha():
        return False
    if text[-1] >= _EASTERN:
        return len(text) >= _LEAST_UNSPACED
    words = text.rsplit(None, _LEAST_WORDS)  # the last ones; all others are in the first
    return len(words) >= _LEAST_WORDS and words[-1].islower()

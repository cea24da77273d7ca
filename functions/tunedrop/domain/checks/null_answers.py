"""Answers that are a word for nothing, told from labels by the answers around them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from tunedrop.domain.checks import examples
from tunedrop.domain.checks.answers import is_placeholder
from tunedrop.domain.checks.profile import LONGEST_LABEL
from tunedrop.domain.checks.registry import Example, declare
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Record

LEAST_RECORDS = 20
"""With fewer records, the answers around one say little."""
MOST_SHORT = 0.05
"""If more than this share of the other answers is as short as a label, a word for nothing may be one, too."""

_WORDS = frozenset(
    {"none", "null", "nil", "n/a", "na", "n.a.", "not available", "nat", "<na>", "<null>", "(null)", "[null]", r"\n"}
    | {"(none)", "(blank)", "(empty)", "-", "–", "—", "?", "."}  # noqa: RUF001
)
_LONGEST = max(map(len, _WORDS))


class NullAnswers:
    """Remembers where the last answer of a record is a word for nothing, twelve bytes for each."""

    __slots__ = ("_lines", "_looked", "_numbers", "_short")

    def __init__(self) -> None:
        self._looked = self._short = 0
        self._numbers, self._lines = array("I"), array("Q")

    def look(self, record: Record, number: int, line: int | None) -> None:
        """Count one record, if it ends with a text answer."""
        last = record.turns[-1] if record.turns else None
        if last is None or last.role != "assistant" or len(last.blocks) != 1 or last.blocks[0].text is None:
            return
        answer = last.blocks[0].text
        self._looked += 1
        if len(answer) > LONGEST_LABEL:
            return
        bare = answer.strip()
        if len(bare) <= _LONGEST and bare.casefold() in _WORDS:
            self._numbers.append(number)
            self._lines.append(line or 0)
        elif not is_placeholder(answer):
            self._short += 1

    def finish(self) -> Iterator[Defect]:
        """Yield a defect for each word for nothing, if nearly all other answers are longer than labels."""
        others = self._looked - len(self._numbers)
        if self._looked < LEAST_RECORDS or self._short > MOST_SHORT * others:
            return
        for number, line in zip(self._numbers, self._lines, strict=True):
            yield Defect(
                "null_answer", "A word for nothing, among answers of sentences.", line=line or None, record=number
            )


def _sentences() -> bytes:
    said = [(f"What is {n} + 1?", f"{n + 1} is the sum, for it follows the number {n} at once.") for n in range(60)]
    return "".join(f"{examples.line(*each)}\n" for each in [*said, ("What is 60 + 1?", "N/A")]).encode()


declare(
    code="null_answer",
    severity="warning",
    stage="split",
    words="An answer is a word for nothing, such as None, NULL, N/A or a dash, where nearly all others are sentences.",
    hint="Write the answer, or remove the record: an export writes such words where a value is missing.",
    example=Example("(60 answers of a sentence each, and one that is N/A)", build=_sentences, alone=True),
)

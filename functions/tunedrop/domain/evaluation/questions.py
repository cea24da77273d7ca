"""What candidates are asked: the records of a test split, without those that would flatter the tuned model. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from tunedrop.domain.base_models.catalogue import RecordFormat
from tunedrop.domain.formats import all_formats
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.fingerprints import Fingerprints
from tunedrop.domain.records.record import Record, joined

ASKED_TWICE = 30
"""Records: enough to see whether a model answers the same question in the same way."""
_SHORT, _LONG = 200, 1_000
"""Characters of a prompt: the bounds of the slices by length."""


@dataclass(frozen=True, slots=True)
class Question:
    """One record of the test split: what is asked, and what is right."""

    number: int
    """Of the record in its prepared split, from 1."""
    system: str
    turns: tuple[tuple[str, str], ...]
    """(role, text), the last one the user's."""
    references: tuple[str, ...]
    """Right answers, at least one."""
    fingerprint: int
    """The same for questions that differ in case, white space and closing punctuation only (`fingerprints`)."""

    @property
    def prompt(self) -> str:
        """The last turn's text: what a reader sees first."""
        return self.turns[-1][1]

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that is sent."""
        return (self.system, *(text for _, text in self.turns))

    @property
    def length(self) -> str:
        """Its slice by length of the prompt."""
        size = sum(len(text) for _, text in self.turns)
        return "short" if size < _SHORT else "long" if size > _LONG else "medium"


@dataclass(frozen=True, slots=True)
class Selection:
    """The questions to ask, in the order of the split, and how many records were left out for which reason."""

    questions: tuple[Question, ...]
    left_out: Mapping[str, int]


def read(lines: Iterable[bytes], record_format: RecordFormat) -> Iterator[Question | None]:
    """The questions of a prepared split, one for each line; None for a record that can't be asked in text alone."""
    reader, prints = all_formats.FORMATS[record_format].read, Fingerprints()
    for number, line in enumerate(lines, 1):
        document = strict_json.parse(line)
        record = None if isinstance(document, Defect) else reader(document).record
        if record:
            prints.add(record, number, number)
        yield _question(number, record, prints.questions[-1]) if record else None


def select(tested: Iterable[Question | None], trained: Container[int], most: int) -> Selection:
    """The questions that are asked: none that the model was trained on, none twice, and `most` at most.

    `trained` has the fingerprints of train's questions. Which questions are chosen depends on their text alone, so two
    evaluations of one split ask the same.
    """
    left_out: Counter[str] = Counter()
    kept: dict[int, Question] = {}
    for question in tested:
        if question is None:
            left_out["not_text"] += 1
        elif question.fingerprint in trained:
            left_out["leaks_from_train"] += 1
        elif question.fingerprint in kept:
            left_out["duplicates"] += 1
        else:
            kept[question.fingerprint] = question
    chosen = frozenset(sorted(kept)[:most])
    left_out["max_records"] = len(kept) - len(chosen)
    asked = tuple(question for fingerprint, question in kept.items() if fingerprint in chosen)
    return Selection(asked, {reason: count for reason, count in left_out.items() if count})


def dump(questions: Iterable[Question]) -> bytes:
    """The questions as JSON Lines."""
    return msgspec.json.Encoder().encode_lines(list(questions))


def load(dumped: bytes) -> tuple[Question, ...]:
    """What `dump` wrote."""
    return tuple(msgspec.json.Decoder(Question).decode_lines(dumped))


def _question(number: int, record: Record, fingerprint: int) -> Question | None:
    """The record as a question. None if its last turn is not an assistant's, or if anything in it is not text."""
    if len(record.turns) < 2 or any(block.text is None for _, block in record.blocks()):
        return None
    *before, last = record.turns
    if last.role != "assistant":
        return None
    return Question(
        number=number,
        system=joined(record.system),
        turns=tuple((turn.role, joined(turn.blocks)) for turn in before),
        references=(joined(last.blocks),),
        fingerprint=fingerprint,
    )

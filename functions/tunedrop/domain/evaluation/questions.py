"""What candidates are asked: the records of a test split, without those that would flatter the tuned model. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from tunedrop.domain.base_models.catalogue import RecordFormat
from tunedrop.domain.formats import all_formats
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.fingerprints import Fingerprints
from tunedrop.domain.records.record import Block, Record, joined
from tunedrop.domain.versions.stored_file import StoredFile

LONGEST_FIELD = 100
"""Characters of a kept field that may name a group or a slice."""
LeakReason = Literal["leaks_from_train", "trained_on"]
"""The version's own train split has the question; or what else a candidate learned from."""
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
    fields: tuple[tuple[str, str], ...] = ()
    """What was kept of the record and is short, by name, for groups and slices."""

    @property
    def prompt(self) -> str:
        """The last turn's text: what a reader sees first."""
        return self.turns[-1][1]

    def field(self, name: str) -> str | None:
        """A kept field; None if the record has none of that name, or a long one."""
        return dict(self.fields).get(name)

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that is sent."""
        return (self.system, *(text for _, text in self.turns))

    @property
    def length(self) -> str:
        """Its slice by length of the prompt."""
        size = sum(len(text) for _, text in self.turns)
        return "short" if size < _SHORT else "long" if size > _LONG else "medium"


NOT_KNOWN = ("", 0)
"""The dataset and version of data that no job tells of."""


@dataclass(frozen=True, slots=True)
class LearnedFrom:
    """Data from which candidates learned, beside the train split of the version that is asked; or NOT_KNOWN."""

    candidates: tuple[str, ...]
    """Their names."""
    dataset: str
    version: int
    train: StoredFile | None
    """What was trained on; None: the job does not say."""
    leaks: int | None = None
    """Records of test that are in it and not in the version's own train split; None: not checked."""

    @property
    def is_known(self) -> bool:
        """Whether it is known which data that is."""
        return (self.dataset, self.version) != NOT_KNOWN

    def told(self) -> str | None:
        """What is said of it; None where nothing of test is in it."""
        who, where = " and ".join(self.candidates), f"{self.dataset}@{self.version}"
        unchecked = "whether records of test are in it was not checked."
        if not self.is_known:
            return (
                f"Not all that {who} learned from is known, as a job behind it is not recorded here or too far back: "
                f"{unchecked}"
            )
        if self.leaks is None:
            return (
                f"{who} learned from {where}. Its train split is gone or too large to be read again, and it has no "
                f"fingerprints that this release reads: {unchecked}"
            )
        records = "1 record of test is" if self.leaks == 1 else f"{self.leaks:,} records of test are"
        return f"{records} in train of {where}, from which {who} learned, and not asked." if self.leaks else None


@dataclass(frozen=True, slots=True)
class Selection:
    """The questions to ask, in the order of the split, and how many records were left out for which reason."""

    questions: tuple[Question, ...]
    left_out: Mapping[str, int]
    conflicting: int = 0
    """Of the duplicates, those whose right answer is another one than the record's that is asked."""
    learned: tuple[LearnedFrom, ...] = ()
    """What candidates learned from beside the version's own train split, and what of test is in it."""


def read(
    lines: Iterable[bytes], record_format: RecordFormat, kept: Mapping[int, Mapping[str, Any]] | None = None
) -> Iterator[Question | None]:
    """The questions of a prepared split, one for each line; None for a record that can't be asked in text alone.

    `kept`: fields that were kept of records, by number.
    """
    reader, prints = all_formats.FORMATS[record_format].read, Fingerprints()
    for number, line in enumerate(lines, 1):
        document = strict_json.parse(line)
        record = None if isinstance(document, Defect) else reader(document).record
        if record:
            prints.add(record, number, number)
        beside = (kept or {}).get(number, {})
        yield _question(number, record, prints.questions[-1], beside) if record else None


def select(tested: Iterable[Question | None], leaks: Mapping[int, LeakReason], most: int) -> Selection:
    """The questions that are asked: none that a model was trained on, none twice, and `most` at most.

    `leaks` has the numbers of records that leak, each with its reason. Which questions are chosen of the others depends
    on their text alone, so two evaluations of one split ask the same.
    """
    left_out: Counter[str] = Counter()
    kept: dict[int, Question] = {}
    conflicting = 0
    for question in tested:
        if question is None:
            left_out["not_text"] += 1
        elif reason := leaks.get(question.number):
            left_out[reason] += 1
        elif question.fingerprint in kept:
            left_out["duplicates"] += 1
            conflicting += question.references[0] not in kept[question.fingerprint].references
        else:
            kept[question.fingerprint] = question
    chosen = frozenset(sorted(kept)[:most])
    left_out["max_records"] = len(kept) - len(chosen)
    asked = tuple(question for fingerprint, question in kept.items() if fingerprint in chosen)
    return Selection(asked, {reason: count for reason, count in left_out.items() if count}, conflicting)


def dump(questions: Iterable[Question]) -> bytes:
    """The questions as JSON Lines."""
    return msgspec.json.Encoder().encode_lines(list(questions))


def load(dumped: bytes) -> tuple[Question, ...]:
    """What `dump` wrote."""
    return tuple(msgspec.json.Decoder(Question).decode_lines(dumped))


def _question(number: int, record: Record, fingerprint: int, kept: Mapping[str, Any]) -> Question | None:
    """The record as a question. None if its last turn is not an assistant's, or if anything in it is not text.

    Reasoning is neither asked nor compared: what counts is what was answered after it.
    """
    if len(record.turns) < 2 or any(block.text is None and not _is_reasoning(block) for _, block in record.blocks()):
        return None
    *before, last = record.turns
    if last.role != "assistant" or any(all(block.text is None for block in turn.blocks) for turn in record.turns):
        return None
    return Question(
        number=number,
        system=joined(record.system),
        turns=tuple((turn.role, joined(turn.blocks)) for turn in before),
        references=tuple(dict.fromkeys((joined(last.blocks), *_more_references(kept)))),
        fingerprint=fingerprint,
        fields=tuple((name, text) for name, value in sorted(kept.items()) if (text := _short(value)) is not None),
    )


def _is_reasoning(block: Block) -> bool:
    return isinstance(block.opaque, Mapping) and "reasoningContent" in block.opaque


def _more_references(kept: Mapping[str, Any]) -> Iterator[str]:
    """Further right answers as texts; a null is none (the finding `null_reference`)."""
    given = kept_fields.references(kept)
    for each in given if isinstance(given, list) else [given]:
        text = each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
        if each is not None and text.strip():
            yield text


def _short(value: object) -> str | None:
    """The value as the name of a group or slice; None for what is no single short value."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return value.strip() if isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_FIELD else None

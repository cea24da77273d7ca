"""A file of answers that were made elsewhere: which question each of its lines answers. Pure.

A line is a JSON object with `answer` and with what was asked: the `record`'s number, its `prompt`, or its `messages`.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from tunedrop.domain.evaluation.answer_texts import normalized
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.strict_json import JsonObject
from tunedrop.errors import InvalidInput

MAX_BYTES = 20 * 2**20
LINE = '{"record": 7, "answer": "billing"}, or "prompt" or "messages" with what was asked instead of "record"'
_TOLD = 3
"""Lines that a refusal names."""
_ASKED = ("record", "prompt", "messages")

_Place = tuple[str, ...] | str | int
"""What a line says that it answers: the turns, the last turn's text, or the record's number."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What became of the lines of one file."""

    name: str
    """Of the candidate."""
    lines: int
    matched: int
    """Questions that have an answer."""
    missing: int
    """Questions that have none: each counts as a failed call."""
    unmatched: int
    """Lines about records that are not asked."""
    ambiguous: int
    """Lines whose text fits several questions."""
    duplicates: int
    """Lines about a question that an earlier line answers: the earlier one counts."""


@dataclass(frozen=True, slots=True)
class MatchedAnswers:
    """The answers by item, and what became of the lines."""

    answers: Mapping[int, str]
    counts: FileCounts


def match(name: str, raw: bytes, questions: Sequence[Question]) -> MatchedAnswers:
    """The file's answers to these questions. Raises InvalidInput `invalid_answers` for a line that is none.

    Texts are compared whatever their case, width and white space, so that a file of a tool that trims them fits.
    """
    lines = [(number, line) for number, line in enumerate(raw.removeprefix(BOM_UTF8).splitlines(), 1) if line.strip()]
    read = [(number, _read(line)) for number, line in lines]
    _refuse(name, [(number, found) for number, found in read if isinstance(found, Defect)])
    places = _places(questions)
    answers: dict[int, str] = {}
    counted: Counter[str] = Counter()
    for place, answer in (found for _, found in read if not isinstance(found, Defect)):
        items = places.get(place, ())
        if len(items) != 1:
            counted["ambiguous" if items else "unmatched"] += 1
        elif items[0] in answers:
            counted["duplicates"] += 1
        elif answer is not None:
            answers[items[0]] = answer
    missing = len(questions) - len(answers)
    counts = FileCounts(
        name, len(lines), len(answers), missing, counted["unmatched"], counted["ambiguous"], counted["duplicates"]
    )
    return MatchedAnswers(answers, counts)


def _places(questions: Sequence[Question]) -> Mapping[_Place, list[int]]:
    """The items that each way to name them stands for: turns alike with another system text are two."""
    found: dict[_Place, list[int]] = {}
    for item, question in enumerate(questions):
        for place in (question.number, normalized(question.prompt), _turns(question.turns)):
            found.setdefault(place, []).append(item)
    return found


def _turns(turns: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(part for role, text in turns for part in (role, normalized(text)))


def _read(line: bytes) -> tuple[_Place, str | None] | Defect:
    """What the line answers, and its answer; None where the other model gave none."""
    document = strict_json.parse(line)
    if isinstance(document, Defect):
        return document
    named = [name for name in _ASKED if name in document]
    if len(named) != 1 or "answer" not in document:
        return _wrong("answer and exactly one of record, prompt, messages")
    answer = document["answer"]
    if answer is not None and not isinstance(answer, str):
        return _wrong("answer as text, JSON included, or null where there is none")
    place = _place(named[0], document)
    return place if isinstance(place, Defect) else (place, answer)


def _place(name: str, document: JsonObject) -> _Place | Defect:
    match name, document[name]:
        case "record", int(number) if not isinstance(number, bool):
            return number
        case "prompt", str(text):
            return normalized(text)
        case "messages", [*messages] if turns := _conversation(messages):
            return _turns(turns)
    return _wrong("record as a whole number, prompt as text, or messages with role and content as text")


def _conversation(messages: Sequence[object]) -> list[tuple[str, str]]:
    """The turns without system texts, up to the user's last: what follows is an answer. Empty if they are none."""
    turns: list[tuple[str, str]] = []
    for message in messages:
        match message:
            case {"role": "system" | "developer"}:
                continue
            case {"role": str(role), "content": str(text)}:
                turns.append((role, text))
            case {"role": str(role), "content": [*blocks]}:
                turns.append((role, "".join(_texts(blocks))))
            case _:
                return []
    while turns and turns[-1][0] != "user":
        turns.pop()
    return turns


def _texts(blocks: Sequence[object]) -> Iterator[str]:
    for block in blocks:
        match block:
            case {"text": str(text)}:
                yield text


def _wrong(wanted: str) -> Defect:
    return Defect("invalid_answers", f"It needs {wanted}.")


def _refuse(name: str, wrong: Sequence[tuple[int, Defect]]) -> None:
    if wrong:
        told = " ".join(f"Line {number}: {defect.message}" for number, defect in islice(wrong, _TOLD))
        raise InvalidInput(
            "invalid_answers",
            f"{len(wrong):,} lines of {name} are no answers. {told} A line is {LINE}.",
            field="against",
            lines=[number for number, _ in wrong[:_TOLD]],
        )

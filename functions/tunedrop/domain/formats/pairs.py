"""Questions and answers under other names, where one field can only be the one and one only the other."""

from __future__ import annotations

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.record import Document, Reading, Record

EXAMPLE = '{"question": "How do I reset my thermostat?", "answer": "Hold the dial for ten seconds."}'

QUESTIONS = ("prompt", "question", "query", "input", "user", "instruction")
ANSWERS = ("completion", "answer", "response", "output", "assistant", "reply")


def found(names: frozenset[str]) -> tuple[str, str] | None:
    """The question's and the answer's field among these names; None where there is not one of each."""
    questions = [name for name in QUESTIONS if name in names]
    answers = [name for name in ANSWERS if name in names]
    return (questions[0], answers[0]) if len(questions) == len(answers) == 1 else None


def read(document: Document) -> Reading:
    """A record of two turns, of an object in which both are `found`."""
    question, answer = found(shapes.folded(document)) or (QUESTIONS[0], ANSWERS[0])
    fields = shapes.Fields((question, answer), ("system",), shapes.METADATA)
    defects = tuple(fields.unknown(document, "$"))
    try:
        turns = (shapes.turn(document, question, "user"), shapes.turn(document, answer, "assistant"))
        record = Record(shapes.system(document), turns)
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    return Reading(record, defects, fields.left_out(document))

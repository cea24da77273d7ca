"""Questions and answers under other field names, if exactly one field can be each."""

from __future__ import annotations

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.record import Document, Reading, Record

EXAMPLE = '{"question": "How do I reset my thermostat?", "answer": "Hold the dial for ten seconds."}'

QUESTIONS = ("prompt", "question", "query", "input", "user", "instruction", "input_text")
ANSWERS = ("completion", "answer", "response", "output", "assistant", "reply", "output_text")


def found(names: frozenset[str]) -> tuple[str, str] | None:
    """The names of the question's and the answer's field; None unless there is exactly one candidate for each."""
    questions = [name for name in QUESTIONS if name in names]
    answers = [name for name in ANSWERS if name in names]
    return (questions[0], answers[0]) if len(questions) == len(answers) == 1 else None


def read(document: Document) -> Reading:
    """Read a record of two turns from an object for which `found` finds both fields."""
    question, answer = found(shapes.folded(document)) or (QUESTIONS[0], ANSWERS[0])
    fields = shapes.Fields((question, answer), ("system", "history"), shapes.METADATA)
    defects = tuple(fields.unknown(document, "$"))
    try:
        turns = (shapes.turn(document, question, "user"), shapes.turn(document, answer, "assistant"))
        record = Record(shapes.system(document), (*shapes.history(document), *turns))
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    return Reading(record, defects, fields.left_out(document))

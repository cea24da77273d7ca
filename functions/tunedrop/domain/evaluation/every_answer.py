"""Every question of an evaluation with all answers, as JSON Lines: for people's own analyses, and for blind sheets.

Pure.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tunedrop.domain.evaluation.answer_metrics import Metric
from tunedrop.domain.evaluation.answer_sheets import Sheet


def dump(sheet: Sheet, metric: Metric) -> bytes:
    """A line for each question, in the order of the split. docs/evaluation.md#every-answer describes its members."""
    scores = {column.name: sheet.scores(column, metric.score) for column in sheet.columns}
    return msgspec.json.Encoder().encode_lines([_line(sheet, item, scores) for item in range(len(sheet.questions))])


def load(dumped: bytes) -> list[dict[str, Any]]:
    """What `dump` wrote."""
    return msgspec.json.Decoder(dict[str, Any]).decode_lines(dumped)


def _line(sheet: Sheet, item: int, scores: dict[str, list[float]]) -> dict[str, Any]:
    question = sheet.questions[item]
    answers = {}
    for column in sheet.columns:
        given = column.answer(item)
        answers[column.name] = {
            "text": given.text,
            "score": scores[column.name][item],
            "truncated": given.truncated,
            "failure": given.failure,
        }
    return {
        "record": question.number,
        "system": question.system,
        "messages": [{"role": role, "content": text} for role, text in question.turns],
        "references": question.references,
        "fields": dict(question.fields),
        "answers": answers,
    }

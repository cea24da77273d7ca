"""Every record that was asked, as JSON Lines: the right answers, those of each candidate, and their scores. Pure.

For people's own analyses, and for blind sheets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tunedrop.domain.evaluation.answer_metrics import Metric
from tunedrop.domain.evaluation.answer_sheets import Sheet


def encode(sheet: Sheet, metric: Metric) -> bytes:
    """One object for each record, in the order of the split; docs/evaluation.md#every-example has its members."""
    return msgspec.json.Encoder().encode_lines(list(_lines(sheet, metric)))


def decode(lines: bytes) -> list[dict[str, Any]]:
    """What `encode` wrote."""
    return msgspec.json.Decoder(dict[str, Any]).decode_lines(lines)


def _lines(sheet: Sheet, metric: Metric) -> Iterator[dict[str, object]]:
    metrics = {metric.name: metric.score, **metric.beside}
    scores = {
        column.name: {name: sheet.scores(column, score) for name, score in metrics.items()} for column in sheet.columns
    }
    for item, question in enumerate(sheet.questions):
        answers = {column.name: column.answer(item) for column in sheet.columns}
        yield {
            "record": question.number,
            "system": question.system,
            "messages": [{"role": role, "content": text} for role, text in question.turns],
            "references": question.references,
            "fields": dict(question.fields),
            "answers": {
                name: {
                    "text": answer.text,
                    "score": scores[name][metric.name][item],
                    "truncated": answer.truncated,
                    "failure": answer.failure,
                }
                for name, answer in answers.items()
            },
            "scores": {name: {each: by[item] for each, by in of.items()} for name, of in scores.items()},
        }

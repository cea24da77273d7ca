"""All answers of an evaluation side by side: scores, pairs of two candidates, and totals of each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tunedrop.domain.evaluation import answer_metrics, answer_texts, label_metrics
from tunedrop.domain.evaluation.answer_metrics import Metric, Score
from tunedrop.domain.evaluation.contrasts import Pair
from tunedrop.domain.evaluation.evaluation_result import CandidateResult
from tunedrop.domain.evaluation.evaluation_states import Candidate
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.reading.kept_fields import REFERENCES

MOST_VALUES = 12
"""Of a kept field that parts the records into slices; one with more, such as an id, does not."""


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A candidate and its answers by item."""

    candidate: Candidate
    answers: Mapping[int, GivenAnswer]
    cost: float | None
    """Of all its calls; None where a price is not configured."""

    @property
    def name(self) -> str:
        """As callers name the candidate."""
        return self.candidate.name

    def answer(self, item: int) -> GivenAnswer:
        """The answer to an item; one that never came counts as failed."""
        return self.answers.get(item) or GivenAnswer.failed(item, "no_answer")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The questions, and a column of answers for each candidate."""

    questions: Sequence[Question]
    columns: Sequence[AnswerColumn]
    group_by: str | None = None
    """The kept field whose value records of one group share; None: each stands alone."""

    def scores(self, column: AnswerColumn, score: Score) -> list[float]:
        """A candidate's score of each question, 0 where the answer failed or was cut off."""
        return [self._score(column, item, question, score) for item, question in enumerate(self.questions)]

    def pairs(self, ours: AnswerColumn, theirs: AnswerColumn, score: Score) -> list[Pair]:
        """Two candidates' scores of each question."""
        both = zip(self.scores(ours, score), self.scores(theirs, score), strict=True)
        return [
            Pair(
                ours=our,
                theirs=their,
                same=ours.answer(item).text == theirs.answer(item).text,
                failed=bool(ours.answer(item).failure or theirs.answer(item).failure),
                cluster=self._group(item),
            )
            for item, (our, their) in enumerate(both)
        ]

    def _group(self, item: int) -> str:
        shared = self.questions[item].field(self.group_by) if self.group_by else None
        return f"{item}" if shared is None else f"={shared}"

    def whole(self, column: AnswerColumn, metric: Metric) -> CandidateResult:
        """A candidate's answers as a whole. Latencies are of the first round, failed calls left out."""
        first = [column.answer(item) for item in range(len(self.questions))]
        given = [answer for answer in first if answer.failure is None]
        asked = column.candidate.answers is None
        latencies = sorted(answer.latency_ms for answer in given) if asked else []
        scored = {metric.name: metric.score, **metric.beside}
        return CandidateResult(
            name=column.name,
            model=column.candidate.model,
            scores={name: fmean(self.scores(column, score)) for name, score in scored.items()},
            answered=len(given),
            failed=len(first) - len(given),
            truncated=sum(answer.truncated for answer in given),
            input_tokens=sum(answer.input_tokens for answer in column.answers.values()),
            output_tokens=sum(answer.output_tokens for answer in column.answers.values()),
            cost=column.cost,
            latency_p50_ms=_nearest_rank(latencies, 50),
            latency_p95_ms=_nearest_rank(latencies, 95),
            flip_rate=self._flip_rate(column, metric.score),
            confusion=self._confusion(column) if metric.name == "exact_match" and self._is_classification else None,
            asked=asked,
            few_shot=column.candidate.few_shot,
            job_id=column.candidate.job_id,
            hyperparameters=dict(column.candidate.hyperparameters),
        )

    @property
    def _is_classification(self) -> bool:
        return answer_metrics.are_labels([question.references[0] for question in self.questions])

    def _confusion(self, column: AnswerColumn) -> label_metrics.Confusion:
        return label_metrics.confusion(
            (column.answer(item).text, question.references[0]) for item, question in enumerate(self.questions)
        )

    def _flip_rate(self, column: AnswerColumn, score: Score) -> float | None:
        """Of those asked twice and answered twice: a call that failed says nothing about the model."""
        again = [
            (
                self._score(column, item, self.questions[item], score),
                self._score(column, second, self.questions[item], score),
            )
            for second, answer in sorted(column.answers.items())
            if (item := second - len(self.questions)) >= 0 and not (answer.failure or column.answer(item).failure)
        ]
        return fmean(one != other for one, other in again) if again else None

    def _score(self, column: AnswerColumn, item: int, question: Question, score: Score) -> float:
        answer = column.answer(item)
        return answer_metrics.best(score, answer.text, question.references) if answer.is_whole else 0.0

    def slices(self) -> Iterator[tuple[str, list[int]]]:
        """Named parts of the questions: by label where they classify, length, script, and kept fields of few values."""
        parts: dict[str, list[int]] = {}
        classifies, fields = self._is_classification, self._slicing()
        for item, question in enumerate(self.questions):
            if classifies:
                parts.setdefault(f"label: {question.references[0][:60]}", []).append(item)
            parts.setdefault(f"length: {question.length}", []).append(item)
            parts.setdefault(f"script: {answer_texts.script(question.prompt)}", []).append(item)
            for name, text in question.fields:
                if name in fields:
                    parts.setdefault(f"{name}: {text[:60]}", []).append(item)
        yield from sorted(parts.items(), key=lambda part: (-len(part[1]), part[0]))

    def _slicing(self) -> frozenset[str]:
        """The kept fields that part the questions: those of few values, groups aside."""
        values: dict[str, set[str]] = {}
        for name, text in (each for question in self.questions for each in question.fields):
            values.setdefault(name, set()).add(text)
        few = {name for name, found in values.items() if len(found) <= MOST_VALUES}
        return frozenset(few - {self.group_by, REFERENCES})


def _nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)] if ordered else None

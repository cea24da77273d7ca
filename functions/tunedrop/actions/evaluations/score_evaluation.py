"""Score an evaluation whose questions were all asked, and write its report."""

from __future__ import annotations

from tunedrop.actions.evaluations import stored_answers
from tunedrop.domain.evaluation import evaluation_plan, evaluation_states, score_answers
from tunedrop.domain.evaluation.answer_sheets import AnswerColumn, Sheet
from tunedrop.domain.evaluation.evaluation_states import Candidate, Conclusion, Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.reports import evaluation_page, evaluation_report, evaluation_words
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects


def score(evaluation: Evaluation, cloud: Cloud) -> Evaluation:
    """The evaluation as completed, its report and page written. Raises objects.Unreadable, and botocore's errors."""
    sheet = Sheet(
        stored_answers.load_questions(evaluation, cloud),
        [_column(evaluation, place, candidate, cloud) for place, candidate in enumerate(evaluation.candidates)],
    )
    result = score_answers.score(evaluation, sheet, cloud.settings.currency)
    key = object_keys.evaluation_report(evaluation.dataset, evaluation.version, evaluation.id)
    report = evaluation_report.build(result, cloud.settings.stack_id)
    objects.put(cloud.bucket, object_keys.page(key), evaluation_page.render(report), "text/html; charset=utf-8")
    objects.put(cloud.bucket, key, evaluation_report.encode(report), "application/json")
    found = Conclusion(result.declared.verdict, result.outcome, evaluation_words.summary(result), key)
    return evaluation_states.complete(evaluation, found, cloud.now())


def _column(evaluation: Evaluation, place: int, candidate: Candidate, cloud: Cloud) -> AnswerColumn:
    answers = stored_answers.load_answers(evaluation, place, cloud)
    return AnswerColumn(candidate, answers, _cost(candidate, list(answers.values()), cloud))


def _cost(candidate: Candidate, answers: list[GivenAnswer], cloud: Cloud) -> float | None:
    price = evaluation_plan.price_of(candidate, cloud.settings.prices)
    if price is None:
        return None
    asked, given = sum(each.input_tokens for each in answers), sum(each.output_tokens for each in answers)
    return round((asked * price[0] + given * price[1]) / 1_000, 4)

"""Score an evaluation whose questions were all asked, and write its report."""

from __future__ import annotations

from tunedrop.actions.evaluations import choose_questions, settle_evaluation, stored_answers
from tunedrop.domain.evaluation import (
    evaluation_costs,
    evaluation_states,
    example_lines,
    model_answers,
    model_evaluations,
    score_answers,
)
from tunedrop.domain.evaluation.answer_metrics import METRICS
from tunedrop.domain.evaluation.answer_sheets import AnswerColumn, Sheet
from tunedrop.domain.evaluation.evaluation_states import Candidate, Conclusion, Evaluation
from tunedrop.domain.reports import evaluation_page, evaluation_report, evaluation_words
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects


def score(evaluation: Evaluation, cloud: Cloud) -> Evaluation:
    """The evaluation as completed and settled, its report, page and examples written.

    Raises objects.Unreadable, and botocore's errors.
    """
    sheet = Sheet(
        stored_answers.load_questions(evaluation, cloud),
        [_column(evaluation, place, candidate, cloud) for place, candidate in enumerate(evaluation.candidates)],
        evaluation.group_by,
    )
    schema = choose_questions.schema(evaluation.answer_schema, cloud)
    result = score_answers.score(evaluation, sheet, cloud.settings.currency, schema)
    key = object_keys.evaluation_report(evaluation.dataset, evaluation.version, evaluation.id)
    examples = example_lines.encode(sheet, METRICS[evaluation.metric])
    objects.put(cloud.bucket, object_keys.evaluation_examples(key), examples, "application/jsonl")
    report = evaluation_report.build(result, cloud.settings.stack_id)
    objects.put(cloud.bucket, object_keys.page(key), evaluation_page.render(report), "text/html; charset=utf-8")
    objects.put(cloud.bucket, key, evaluation_report.encode(report), "application/json")
    told = model_evaluations.brief(result, {each.name: each.job_id for each in evaluation.candidates})
    found = Conclusion(result.declared.verdict, result.outcome, evaluation_words.summary(result), key, told)
    completed = evaluation_states.complete(evaluation, found, cloud.now())
    return settle_evaluation.settle(completed, [column.answers for column in sheet.columns], cloud)


def _column(evaluation: Evaluation, place: int, candidate: Candidate, cloud: Cloud) -> AnswerColumn:
    answers = stored_answers.load_answers(evaluation, place, cloud)
    if candidate.answers:  # what was paid for them is not known here
        return AnswerColumn(candidate, answers, None)
    used = evaluation_costs.of_answers(candidate, model_answers.tokens(answers.values()))
    return AnswerColumn(candidate, answers, evaluation_costs.rounded(used, cloud.settings.prices))

"""Read evaluations, how far they are, and where what they found lies."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.evaluation import evaluation_states, evaluation_steps
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.model_evaluations import ModelEvaluation
from tunedrop.domain.serving import gate_steps
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, evaluation_rows
from tunedrop.edges.rows.evaluation_rows import Progress
from tunedrop.edges.rows.stored import UnreadableRow
from tunedrop.errors import NotFound

LONGEST_ID = 64
MOST_OF_MODEL = 10


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    """One page of evaluations, newest first, and the cursor for the next page (None: no more)."""

    evaluations: tuple[Evaluation, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EvaluationLinks:
    """Where S3 has the report as JSON and as a page, and every example; all hold texts of the data.

    No link is signed: whoever reads evaluations may not read data by that alone.
    """

    report: str
    page: str
    examples: str


def get(evaluation_id: str, cloud: Cloud) -> Evaluation:
    """The evaluation of that id. Raises NotFound `unknown_evaluation`."""
    found = evaluation_rows.load(cloud.state, evaluation_id) if len(evaluation_id) <= LONGEST_ID else None
    if found is None:
        words = f"There is no evaluation {evaluation_id[:80]!r}."
        raise NotFound("unknown_evaluation", words, evaluation_id=evaluation_id[:80])
    return found


def progress(evaluation: Evaluation, cloud: Cloud) -> Progress:
    """How far its calls are."""
    return evaluation_rows.progress(cloud.state, evaluation.id)


def of_model(job: Job, cloud: Cloud) -> tuple[ModelEvaluation, ...]:
    """The last evaluations in which the job's custom model took part, newest first; none without a model."""
    return evaluation_rows.of_model(cloud.state, job.id, MOST_OF_MODEL) if job.model_arn else ()


def list_evaluations(limit: int, cursor: str | None, cloud: Cloud) -> EvaluationPage:
    """Up to `limit` evaluations, ended ones included. Raises InvalidInput `invalid_cursor`."""
    page = evaluation_rows.listing(cloud.state, limit=limit, cursor=cursor)
    return EvaluationPage(tuple(evaluation_rows.evaluation_from(row) for row in page.rows), page.cursor)


@dataclass(frozen=True, slots=True)
class StandingEvaluations:
    """Evaluations that have not ended, or whose end was not told yet."""

    evaluations: tuple[Evaluation, ...]
    unreadable: UnreadableRow | None
    """The last fault of a row that can't be read: it must not delay the others."""


def standing(cloud: Cloud) -> StandingEvaluations:
    """All of them."""
    found: list[Evaluation] = []
    unreadable: UnreadableRow | None = None
    for evaluation_id in evaluation_rows.standing_ids(cloud.state):
        try:
            evaluation = evaluation_rows.load(cloud.state, evaluation_id)
        except UnreadableRow as error:
            unreadable = error
            continue
        found += [evaluation] if evaluation else []
    return StandingEvaluations(tuple(found), unreadable)


def stalled(cloud: Cloud) -> StandingEvaluations:
    """Those in which nothing has moved for longer than a function may run, as after a lost message, or that are due.

    Those of a row that can't be read are left out, and hide no other.
    """
    standing_ones = standing(cloud)
    found: list[Evaluation] = []
    unreadable = standing_ones.unreadable
    for evaluation in standing_ones.evaluations:
        try:
            found += [evaluation] if _is_due(evaluation, cloud) else []
        except UnreadableRow as error:
            unreadable = error
    return StandingEvaluations(tuple(found), unreadable)


def _is_due(evaluation: Evaluation, cloud: Cloud) -> bool:
    """Whether nothing has moved for long, or where the capacity is that it judges gives it a next step."""
    judged = evaluation.judges
    if judged:
        unit = deployment_rows.load_purchase(cloud.state, judged.deployment, judged.generation)
        if evaluation_steps.is_due(evaluation, gate_steps.unit_is(unit)):
            return True
    waits = evaluation.state == "WaitingForCapacity"
    changed_at = progress(evaluation, cloud).changed_at
    return not waits and evaluation_states.is_settled(evaluation, changed_at, cloud.now())


def links(report_key: str, cloud: Cloud) -> EvaluationLinks:
    """Where a report lies, by its key, and what lies beside it."""
    keys = (report_key, object_keys.page(report_key), object_keys.evaluation_examples(report_key))
    return EvaluationLinks(*(f"s3://{cloud.bucket.name}/{key}" for key in keys))

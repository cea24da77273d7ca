"""Read evaluations, how far they are, and links to what they found."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.evaluation import evaluation_states
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.versions import object_keys
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows
from tunedrop.edges.rows.evaluation_rows import Progress
from tunedrop.edges.rows.stored import UnreadableRow
from tunedrop.edges.s3 import presigned_links
from tunedrop.errors import NotFound

LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    """One page of evaluations, newest first, and the cursor for the next page (None: no more)."""

    evaluations: tuple[Evaluation, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EvaluationLinks:
    """Links to the report as JSON and as a page, for 15 minutes."""

    report: str
    page: str


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
    """Those in which nothing has moved for longer than a function may run: a message was lost, or a visit crashed."""
    found = standing(cloud)
    settled = (
        each
        for each in found.evaluations
        if evaluation_states.is_settled(each, progress(each, cloud).changed_at, cloud.now())
    )
    return StandingEvaluations(tuple(settled), found.unreadable)


def links(report_key: str, cloud: Cloud) -> EvaluationLinks:
    """Links to a report, by its key."""
    keys = (report_key, object_keys.page(report_key))
    return EvaluationLinks(*(presigned_links.download(cloud.bucket, key) for key in keys))

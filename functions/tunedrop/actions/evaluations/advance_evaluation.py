"""Carry out an evaluation's next step: choose the questions, have them asked, score the answers, tell the end."""

from __future__ import annotations

from dataclasses import replace

from tunedrop.actions.evaluations import ask_candidate, choose_questions, score_evaluation, stored_answers
from tunedrop.actions.evaluations.ask_candidate import QuestionChunk
from tunedrop.domain.evaluation import evaluation_states, evaluation_steps
from tunedrop.domain.evaluation.evaluation_plan import Tested
from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation
from tunedrop.domain.reports import evaluation_notifications
from tunedrop.edges import event_bus
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows
from tunedrop.edges.s3 import objects


def advance(evaluation_id: str, cloud: Cloud) -> Evaluation | None:
    """Carry out the next step. Safe to repeat, interrupt and run concurrently. None if there is no such evaluation.

    Raises botocore's errors.
    """
    evaluation = evaluation_rows.load(cloud.state, evaluation_id)
    if evaluation is None:
        return None
    try:
        moved = _step(evaluation, cloud)
    except objects.Unreadable as gone:
        moved = _save(evaluation_states.fail(evaluation, "data_gone", str(gone), cloud.now()), cloud)
    return _announce(moved, cloud) if moved and moved.state in ENDED else moved


def _step(evaluation: Evaluation, cloud: Cloud) -> Evaluation | None:
    calls = evaluation_rows.progress(cloud.state, evaluation.id)
    settled = evaluation_states.is_settled(evaluation, calls.changed_at, cloud.now())
    left = evaluation.most_calls - calls.calls if settled else None
    match evaluation_steps.next_step(evaluation, _answered(evaluation, cloud), left):
        case evaluation_steps.Begin():
            return _begin(evaluation, cloud)
        case evaluation_steps.Ask(chunks):
            stored_answers.load_questions(evaluation, cloud)  # what is gone can't be asked again
            _send(evaluation, chunks, cloud)
            return evaluation
        case evaluation_steps.ScoreAnswers():
            scoring = (
                evaluation if evaluation.state == "Scoring" else _save(replace(evaluation, state="Scoring"), cloud)
            )
            return scoring and _save(score_evaluation.score(scoring, cloud), cloud)
        case evaluation_steps.EndStopped():
            if not cloud.state.update(evaluation_rows.close_calls(evaluation.id, settled=settled)).done:
                return evaluation  # the visit whose calls are under way, or reconcile, comes back
            return _save(evaluation_states.stop(evaluation, cloud.now()), cloud)
        case evaluation_steps.LeaveEvaluation():
            return evaluation


def _answered(evaluation: Evaluation, cloud: Cloud) -> tuple[frozenset[int], ...]:
    if evaluation.state not in {"InProgress", "Scoring"}:
        return ()
    places = range(len(evaluation.candidates))
    return tuple(frozenset(stored_answers.load_answers(evaluation, place, cloud)) for place in places)


def _begin(evaluation: Evaluation, cloud: Cloud) -> Evaluation | None:
    asked = Tested(
        evaluation.dataset, evaluation.version, evaluation.base_model, evaluation.train, evaluation.test, None
    )
    chosen = choose_questions.choose(asked, evaluation.max_records, cloud)
    stored_answers.keep_questions(evaluation, chosen.questions, cloud)
    begun = _save(evaluation_states.begin(evaluation, len(chosen.questions), chosen.left_out, cloud.now()), cloud)
    if begun:
        every = ((place, number) for place in range(len(begun.candidates)) for number, _ in enumerate(begun.chunks()))
        _send(begun, tuple(every), cloud)
    return begun


def _send(evaluation: Evaluation, chunks: tuple[tuple[int, int], ...], cloud: Cloud) -> None:
    for place, number in chunks:
        ask_candidate.send(QuestionChunk(evaluation.id, place, number, 1), cloud)


def _announce(evaluation: Evaluation, cloud: Cloud) -> Evaluation:
    """Publish the end, then mark that it was: at least once. Raises PublishFailed."""
    if not evaluation.announced:
        event = evaluation_notifications.notification(evaluation, cloud.settings.stack_id, cloud.now())
        event_bus.publish(cloud.bus, event)
        told = replace(evaluation, announced=True)
        cloud.state.write_all(evaluation_rows.put(told), evaluation_rows.close_work(told))
        return told
    return evaluation


def _save(evaluation: Evaluation, cloud: Cloud) -> Evaluation | None:
    """The evaluation as written; None if another visit changed it since it was read."""
    done = cloud.state.put(evaluation_rows.put(evaluation)).done
    return replace(evaluation, revision=evaluation.revision + 1) if done else None

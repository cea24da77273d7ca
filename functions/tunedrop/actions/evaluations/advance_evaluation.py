"""Carry out an evaluation's next step: choose the questions, have them asked, score the answers, tell the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tunedrop.actions.evaluations import (
    ask_candidate,
    choose_questions,
    read_answer_file,
    score_evaluation,
    settle_evaluation,
    stored_answers,
    watch_models,
)
from tunedrop.actions.evaluations.ask_candidate import QuestionChunk
from tunedrop.domain.evaluation import evaluation_states, evaluation_steps
from tunedrop.domain.evaluation.evaluation_plan import Tested
from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation
from tunedrop.domain.evaluation.evaluation_steps import EvaluationStep
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.reports import evaluation_notifications
from tunedrop.domain.serving import gate_steps
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges import event_bus
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, evaluation_rows
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
        failed = evaluation_states.fail(evaluation, "data_gone", str(gone), cloud.now())
        moved = _save(settle_evaluation.settle(failed, (), cloud), cloud)
    return _announce(moved, cloud) if moved and moved.state in ENDED else moved


def _step(evaluation: Evaluation, cloud: Cloud) -> Evaluation | None:
    calls = evaluation_rows.progress(cloud.state, evaluation.id)
    settled = evaluation_states.is_settled(evaluation, calls.changed_at, cloud.now())
    left = evaluation.most_calls - calls.calls if settled else None
    unit = _unit(evaluation, cloud)
    where = gate_steps.unit_is(unit) if evaluation.judges else None
    answered = _answered(evaluation, cloud)
    changed = watch_models.changed(evaluation, cloud)  # after the look at answers, so it holds for those
    step = evaluation_steps.next_step(evaluation, answered, left, where, changed)
    match step:
        case evaluation_steps.Ask(chunks):
            stored_answers.load_questions(evaluation, cloud)  # what is gone can't be asked again
            _send(evaluation, chunks, cloud)
            return evaluation
        case evaluation_steps.EndStopped():
            if not cloud.state.update(evaluation_rows.close_calls(evaluation.id, settled=settled)).done:
                return evaluation  # the visit whose calls are under way, or reconcile, comes back
            stopped = evaluation_states.stop(evaluation, cloud.now())
            return _save(settle_evaluation.settle(stopped, _answers(evaluation, cloud), cloud), cloud)
        case _:
            return _move(step, evaluation, unit, cloud)


def _move(step: EvaluationStep, evaluation: Evaluation, unit: Purchase | None, cloud: Cloud) -> Evaluation | None:
    """Carry out a step that takes the evaluation to another state. `unit`: what it judges, if it does."""
    match step:
        case evaluation_steps.Begin():
            return _begin(evaluation_states.go_ahead(evaluation, unit.arn) if unit and unit.arn else evaluation, cloud)
        case evaluation_steps.ScoreAnswers():
            scoring = (
                evaluation if evaluation.state == "Scoring" else _save(replace(evaluation, state="Scoring"), cloud)
            )
            return scoring and _save(score_evaluation.score(scoring, cloud), cloud)
        case evaluation_steps.FailUnasked():
            words = gate_steps.why_gone(unit)
            unasked = evaluation_states.fail(evaluation, "no_capacity", words, cloud.now())
            return _save(settle_evaluation.settle(unasked, (), cloud), cloud)
        case evaluation_steps.FailChanged(why):
            mixed = evaluation_states.fail(evaluation, "model_changed", why, cloud.now())
            return _save(settle_evaluation.settle(mixed, _answers(evaluation, cloud), cloud), cloud)
        case evaluation_steps.StopAsking():
            stopping = _save(replace(evaluation, state="Stopping"), cloud)
            return stopping and _step(stopping, cloud)
        case _:
            return evaluation


def _unit(evaluation: Evaluation, cloud: Cloud) -> Purchase | None:
    """The capacity that it judges, which has a row of its own; None also if it judges none."""
    judged = evaluation.judges
    return deployment_rows.load_purchase(cloud.state, judged.deployment, judged.generation) if judged else None


def _answered(evaluation: Evaluation, cloud: Cloud) -> tuple[frozenset[int], ...]:
    if evaluation.state not in {"InProgress", "Scoring"}:
        return ()
    return tuple(frozenset(given) for given in _answers(evaluation, cloud))


def _answers(evaluation: Evaluation, cloud: Cloud) -> tuple[Mapping[int, GivenAnswer], ...]:
    places = range(len(evaluation.candidates))
    return tuple(stored_answers.load_answers(evaluation, place, cloud) for place in places)


def _begin(evaluation: Evaluation, cloud: Cloud) -> Evaluation | None:
    asked = Tested(
        evaluation.dataset,
        evaluation.version,
        evaluation.base_model,
        evaluation.train,
        evaluation.test,
        None,
        evaluation.kept,
        learned=evaluation.learned,
    )
    chosen = choose_questions.choose(asked, evaluation.max_records, cloud)
    stored_answers.keep_questions(evaluation, chosen.questions, cloud)
    if count := max(candidate.few_shot for candidate in evaluation.candidates):
        stored_answers.keep_examples(evaluation, choose_questions.examples(asked, chosen, count, cloud), cloud)
    for place in range(len(evaluation.candidates)):
        _keep_answers(evaluation, place, chosen.questions, cloud)
    begun = _save(evaluation_states.begin(evaluation, chosen, cloud.now()), cloud)
    if begun:
        every = ((place, number) for place in begun.asked for number, _ in enumerate(begun.chunks()))
        _send(begun, tuple(every), cloud)
    return begun


def _keep_answers(evaluation: Evaluation, place: int, asked: Sequence[Question], cloud: Cloud) -> None:
    """Store what a candidate's file answers, beside what others are going to answer; nothing for one that is asked."""
    candidate = evaluation.candidates[place]
    if candidate.answers:
        matched = read_answer_file.match(candidate, asked, cloud)
        given = [GivenAnswer.copied(item, text) for item, text in sorted(matched.answers.items())]
        stored_answers.keep_answers(evaluation, f"{place}/0.0", given, cloud)


def _send(evaluation: Evaluation, chunks: tuple[tuple[int, int], ...], cloud: Cloud) -> None:
    for place, number in chunks:
        ask_candidate.send(QuestionChunk(evaluation.id, place, number, 1), cloud)


def _announce(evaluation: Evaluation, cloud: Cloud) -> Evaluation:
    """Publish the end, then mark that it was: at least once. Raises PublishFailed."""
    if not evaluation.announced:
        if evaluation.judges:  # if this gets lost, reconcile finds the purchase, whose purpose is to be evaluated
            unit = evaluation.judges
            cloud.spend_queue.send("advance_purchase", deployment=unit.deployment, generation=unit.generation)
        for job_id, _ in evaluation_states.of_models(evaluation):
            cloud.job_event_queue.send("check_job", job_id=job_id, evaluation_id=evaluation.id)
        stack, bucket = cloud.settings.stack_id, cloud.bucket.name
        event = evaluation_notifications.notification(evaluation, stack, cloud.now(), bucket=bucket)
        event_bus.publish(cloud.bus, event)
        told = replace(evaluation, announced=True)
        cloud.state.write_all(evaluation_rows.put(told), evaluation_rows.close_work(told))
        return told
    return evaluation


def _save(evaluation: Evaluation, cloud: Cloud) -> Evaluation | None:
    """The evaluation as written; None if another visit changed it since it was read."""
    done = cloud.state.write_all(evaluation_rows.put(evaluation), *evaluation_rows.of_models(evaluation))
    return replace(evaluation, revision=evaluation.revision + 1) if done else None

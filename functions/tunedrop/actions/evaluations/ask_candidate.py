"""Ask one candidate one chunk of the questions, within the evaluation's calls, and store what it answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunedrop.actions.evaluations import stored_answers
from tunedrop.actions.evaluations.start_evaluation import ask_for_advance
from tunedrop.domain.evaluation.evaluation_states import CHUNK, Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.edges.bedrock import ask_model
from tunedrop.edges.bedrock.ask_model import NoAnswerNow
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import evaluation_rows

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MESSAGE = "ask_candidate"
"""The message's kind; it has `evaluation_id`, `candidate` (its place), `chunk` and `attempt`."""
THREADS = 8
MOST_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = 15, 900
"""Seconds until what Bedrock was too busy for is asked again, doubled each time: more than half an hour in all."""


@dataclass(frozen=True, slots=True)
class QuestionChunk:
    """A message: some questions to one candidate."""

    evaluation_id: str
    candidate: int
    number: int
    attempt: int


def send(chunk: QuestionChunk, cloud: Cloud, *, wait: int = 0) -> None:
    """Enqueue the chunk."""
    cloud.evaluation_queue.send_later(
        wait,
        MESSAGE,
        evaluation_id=chunk.evaluation_id,
        candidate=chunk.candidate,
        chunk=chunk.number,
        attempt=chunk.attempt,
    )


def ask(chunk: QuestionChunk, cloud: Cloud, runtime: BedrockRuntimeClient) -> None:
    """Ask what the chunk's earlier attempts left, once each. A crash repeats these calls at most.

    What Bedrock is too busy for is asked again later. Raises botocore's errors of tables and bucket.
    """
    evaluation = evaluation_rows.load(cloud.state, chunk.evaluation_id)
    if evaluation is None or evaluation.state != "InProgress":
        return
    questions = stored_answers.load_questions(evaluation, cloud)
    open_items = _open(evaluation, chunk, cloud)
    if open_items:
        if not cloud.state.update(evaluation_rows.reserve_calls(evaluation, len(open_items), cloud.now())).done:
            logger.warning("no call is left", extra={"evaluation": evaluation.id, "chunk": chunk.number})
            return  # reconcile finds it once nothing is under way any more: what is missing then counts as failed
        given = _answers(evaluation, chunk, [(item, questions[item % len(questions)]) for item in open_items], runtime)
        _keep(evaluation, chunk, given, cloud)
        if len(given) < len(open_items):
            _again(chunk, cloud)
            return
    _told(evaluation, chunk, cloud)


def _open(evaluation: Evaluation, chunk: QuestionChunk, cloud: Cloud) -> list[int]:
    given = stored_answers.load_answers(evaluation, chunk.candidate, cloud, chunk=chunk.number)
    first = chunk.number * CHUNK
    return [item for item in range(first, min(first + CHUNK, evaluation.items)) if item not in given]


def _answers(
    evaluation: Evaluation,
    chunk: QuestionChunk,
    asked: Sequence[tuple[int, Question]],
    runtime: BedrockRuntimeClient,
) -> list[GivenAnswer]:
    """The answers that came; at the last attempt, a failure for each that did not."""
    model, last = evaluation.candidates[chunk.candidate].model, chunk.attempt >= MOST_ATTEMPTS

    def one(item: int, question: Question) -> GivenAnswer | None:
        try:
            return ask_model.ask(runtime, model, question, item, evaluation.max_tokens)
        except NoAnswerNow as busy:
            logger.info("no answer now", extra={"evaluation": evaluation.id, "reason": busy.code})
            return GivenAnswer.failed(item, busy.code) if last else None

    with ThreadPoolExecutor(THREADS) as threads:
        found = threads.map(lambda each: one(*each), asked)
        return [answer for answer in found if answer]


def _keep(evaluation: Evaluation, chunk: QuestionChunk, given: Iterable[GivenAnswer], cloud: Cloud) -> None:
    kept = list(given)
    place = f"{chunk.candidate}/{chunk.number}.{chunk.attempt}"
    if kept and stored_answers.keep_answers(evaluation, place, kept, cloud):
        cloud.state.update(evaluation_rows.count_answers(evaluation.id, len(kept), cloud.now()))


def _again(chunk: QuestionChunk, cloud: Cloud) -> None:
    wait = min(FIRST_WAIT * 2 ** (chunk.attempt - 1), LONGEST_WAIT)
    send(QuestionChunk(chunk.evaluation_id, chunk.candidate, chunk.number, chunk.attempt + 1), cloud, wait=wait)


def _told(evaluation: Evaluation, chunk: QuestionChunk, cloud: Cloud) -> None:
    """Ask for the next step once everything seems answered: what is stored decides."""
    counted = evaluation_rows.progress(cloud.state, evaluation.id)
    if counted.answered >= evaluation.items * len(evaluation.candidates):
        ask_for_advance(evaluation, cloud)

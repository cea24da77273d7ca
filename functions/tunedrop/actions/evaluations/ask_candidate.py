"""Ask one candidate one chunk of the questions, within the evaluation's calls, and store what it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tunedrop.actions.evaluations import stored_answers, watch_models
from tunedrop.actions.evaluations.start_evaluation import ask_for_advance
from tunedrop.domain.evaluation import few_shot
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

_Numbered = tuple[int, Question]
"""An item with its question."""

MESSAGE = "ask_candidate"
"""The message's kind; it has `evaluation_id`, `candidate` (its place), `chunk` and `attempt`."""
THREADS = 8
"""And the questions that are asked first: each may be billed in vain."""
MOST_ATTEMPTS = 8
"""In a row that bring no answer to any of a chunk's questions."""
FIRST_WAIT, LONGEST_WAIT = 15, 900
"""Seconds until what brought no answer is asked again, doubled each time: more than half an hour in all."""


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


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came of one call."""

    item: int
    answer: GivenAnswer | None
    """None if it is to be asked again."""
    busy: str = ""
    """Why there is none."""
    unmade: bool = False
    """Whether it costs nothing."""


def ask(chunk: QuestionChunk, cloud: Cloud, runtime: BedrockRuntimeClient) -> None:
    """Ask what the chunk's earlier attempts left, once each. A crash repeats these calls at most.

    What Bedrock is too busy for is asked again later. Raises objects.Unreadable, and botocore's errors of tables and
    bucket.
    """
    evaluation = evaluation_rows.load(cloud.state, chunk.evaluation_id)
    if evaluation is None or evaluation.state != "InProgress":
        return
    if watch_models.changed_of(evaluation.candidates[chunk.candidate], evaluation, cloud):
        ask_for_advance(evaluation, cloud)  # which ends it
        return
    questions = _asked(evaluation, chunk, cloud)
    open_items = _open(evaluation, chunk, cloud)
    if open_items:
        if not cloud.state.write_all(evaluation_rows.reserve_calls(evaluation, len(open_items), cloud.now())):
            logger.warning("no call is left", extra={"evaluation": evaluation.id, "chunk": chunk.number})
            return  # reconcile finds it once nothing is under way any more: what is missing then counts as failed
        asked = [(item, questions[item]) for item in open_items]
        replies = _replies(evaluation, chunk, asked, runtime)
        answers_come = any(reply.answer for reply in replies)
        if not answers_come and chunk.attempt >= MOST_ATTEMPTS:
            replies = _given_up(replies)
        _keep(evaluation, chunk, replies, cloud)
        if not all(reply.answer for reply in replies):
            _again(replace(chunk, attempt=0) if answers_come else chunk, cloud)
    _ask_for_advance(evaluation, cloud)


def _asked(evaluation: Evaluation, chunk: QuestionChunk, cloud: Cloud) -> Mapping[int, Question]:
    """The chunk's questions by item, each with the examples that its candidate is shown."""
    count = evaluation.candidates[chunk.candidate].few_shot
    shown = stored_answers.load_examples(evaluation, cloud)[:count] if count else ()
    questions = stored_answers.load_asked(evaluation, _items(evaluation, chunk), cloud)
    return {item: few_shot.shown(question, shown) for item, question in questions.items()}


def _open(evaluation: Evaluation, chunk: QuestionChunk, cloud: Cloud) -> list[int]:
    given = stored_answers.load_answers(evaluation, chunk.candidate, cloud, chunk=chunk.number)
    return [item for item in _items(evaluation, chunk) if item not in given]


def _items(evaluation: Evaluation, chunk: QuestionChunk) -> range:
    first = chunk.number * CHUNK
    return range(first, min(first + CHUNK, evaluation.items))


def _replies(
    evaluation: Evaluation,
    chunk: QuestionChunk,
    asked: Sequence[_Numbered],
    runtime: BedrockRuntimeClient,
) -> list[_Reply]:
    """What came of each call. If the first ones bring no answer and may be billed, the others wait for the next try."""
    first, others = _in_turn(asked, chunk.attempt)
    model = evaluation.candidates[chunk.candidate].model

    def one(item: int, question: Question) -> _Reply:
        try:
            answer = ask_model.ask(runtime, model, question, item, evaluation.max_tokens)
            return _Reply(item, answer, unmade=ask_model.is_unmade(answer))
        except NoAnswerNow as busy:
            logger.info("no answer now", extra={"evaluation": evaluation.id, "reason": busy.code})
            return _Reply(item, None, busy.code, busy.unmade)

    with ThreadPoolExecutor(THREADS) as threads:
        replies = list(threads.map(lambda each: one(*each), first))
        if all(reply.unmade for reply in replies) or any(reply.answer for reply in replies):
            return [*replies, *threads.map(lambda each: one(*each), others)]
    return [*replies, *(_Reply(item, None, replies[0].busy, unmade=True) for item, _ in others)]


def _in_turn(asked: Sequence[_Numbered], attempt: int) -> tuple[Sequence[_Numbered], Sequence[_Numbered]]:
    """What a try asks first, and the others: after the first try another question alone, in the last all new ones.

    So none is given up unasked, and one that never has an answer keeps no others from theirs.
    """
    if attempt <= 1:
        return asked[:THREADS], asked[THREADS:]
    tried = THREADS + attempt - 2
    count = max(len(asked) - tried, 1) if attempt >= MOST_ATTEMPTS else 1
    start = tried % len(asked)
    turned = [*asked[start:], *asked[:start]]
    return turned[:count], turned[count:]


def _given_up(replies: Sequence[_Reply]) -> list[_Reply]:
    """The replies as failures, where nothing came."""
    return [replace(each, answer=each.answer or GivenAnswer.failed(each.item, each.busy)) for each in replies]


def _keep(evaluation: Evaluation, chunk: QuestionChunk, replies: Sequence[_Reply], cloud: Cloud) -> None:
    """Store the answers at a place that only visits which found the same ones before them would take."""
    given = [reply.answer for reply in replies if reply.answer]
    before = len(_items(evaluation, chunk)) - len(replies)
    place = f"{chunk.candidate}/{chunk.number}.{before}"
    kept = given and stored_answers.keep_answers(evaluation, place, given, cloud)
    calls = evaluation_rows.return_calls(
        evaluation.id,
        len(replies),
        answers=len(given) if kept else 0,
        unmade=sum(reply.unmade for reply in replies),
        now=cloud.now(),
    )
    cloud.state.write_all(calls)  # a transaction, because the SDK may send it twice, and it counts


def _again(chunk: QuestionChunk, cloud: Cloud) -> None:
    wait = min(FIRST_WAIT * 2 ** max(chunk.attempt - 1, 0), LONGEST_WAIT)
    send(replace(chunk, attempt=chunk.attempt + 1), cloud, wait=wait)


def _ask_for_advance(evaluation: Evaluation, cloud: Cloud) -> None:
    """Ask for the next step once everything seems answered, or nothing more is to be: what is stored decides."""
    counted = evaluation_rows.progress(cloud.state, evaluation.id)
    if counted.answered >= evaluation.expected:
        ask_for_advance(evaluation, cloud)
    elif counted.under_way <= 0:
        today = evaluation_rows.load(cloud.state, evaluation.id)
        if today and today.state == "Stopping":
            ask_for_advance(evaluation, cloud)

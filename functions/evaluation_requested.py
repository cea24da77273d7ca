"""EvaluationQueue: evaluations that may have a next step, and questions to ask. The only function that asks models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions.evaluations import advance_evaluation, ask_candidate, start_evaluation
from tunedrop.actions.evaluations.ask_candidate import QuestionChunk
from tunedrop.edges import clients, queues
from tunedrop.edges.cloud import Cloud, cloud
from tunedrop.edges.observability import logger, metrics, without_words

READ_SECONDS = 60
"""Longer than any answer of evaluation length takes; a silent call is asked again."""


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process each message. A message is only a hint: rows and stored answers decide the next step.

    What S3 denies ends no evaluation whose answers are paid for: the message comes again, and at last lies among the
    dead letters.
    """
    here = replace(cloud(), denials_may_pass=True)
    return queues.work_through(event, partial(_take, here), here.evaluation_queue)


def _take(here: Cloud, message: Mapping[str, Any]) -> None:
    match message.get("kind"):
        case start_evaluation.ADVANCE:
            advance_evaluation.advance(message["evaluation_id"], here)
        case ask_candidate.MESSAGE:
            chunk = QuestionChunk(message["evaluation_id"], message["candidate"], message["chunk"], message["attempt"])
            ask_candidate.ask(chunk, here, clients.bedrock_runtime(read_seconds=READ_SECONDS))
        case kind:
            raise ValueError(f"EvaluationQueue carries no messages of kind {kind!r}")

"""Messages API usage in logs and metrics: names, sizes, counts and times, never content."""

from __future__ import annotations

from dataclasses import dataclass

from aws_lambda_powertools.metrics import MetricUnit

from tunedrop.domain.messages.answer_usage import Tally
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.edges.observability import logger, metrics, traced


@dataclass(frozen=True, slots=True)
class Caller:
    """The API key that called, the deployment it called, and whether it asked for a stream."""

    key_id: str
    deployment: str
    stream: bool


def answered(caller: Caller, tally: Tally) -> None:
    """Record an answer that has ended, complete or not."""
    logger.info(
        "Answered",
        key_id=caller.key_id,
        deployment=caller.deployment,
        stream=caller.stream,
        outcome=tally.outcome,
        stop_reason=tally.stop_reason,
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        first_event_ms=tally.first_event_ms,
        total_ms=tally.total_ms,
    )
    metrics.add_dimension("deployment", caller.deployment)
    metrics.add_metric("Answers", MetricUnit.Count, 1)
    metrics.add_metric("InputTokens", MetricUnit.Count, tally.input_tokens)
    metrics.add_metric("OutputTokens", MetricUnit.Count, tally.output_tokens)
    metrics.add_metric("AnswerLatency", MetricUnit.Milliseconds, tally.total_ms)
    if tally.outcome != "complete":
        metrics.add_metric("BrokenAnswers", MetricUnit.Count, 1)
    metrics.flush_metrics()  # a body is sent after the handler returned, too late for its decorator to flush


def refused(error: ApiError) -> None:
    """Record a call that was refused before any of its answer was sent."""
    log = logger.error if error.status >= 500 else logger.info
    log("Refused", code=error.code, status=error.status, source=error.source)


def failed(error: Exception) -> None:
    """Record a defect: its class and call stack, not its message, which may quote a request."""
    logger.error("Unexpected", **traced(error))

"""The logger and metrics of every function; POWERTOOLS_SERVICE_NAME in the template names the service.

Nothing here logs content: no prompts, completions, keys or file contents. A fault's words may quote any of these, so
only its class, AWS's code and its places are logged.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any, ParamSpec, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from tunedrop.domain.serving import dead_stacks
from tunedrop.domain.serving.capacity_totals import Standing
from tunedrop.domain.serving.dead_stacks import LeftThroughput

P = ParamSpec("P")
R = TypeVar("R")

logger = Logger()
metrics = Metrics(namespace="Tunedrop")

# Powertools warns on every invocation without metrics, which is normal here: often nothing happened.
warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)


class Failed(Exception):
    """An invocation failed; the log says where. Its words are the class of what happened."""


def without_words(handler: Callable[P, R]) -> Callable[P, R]:
    """Let a handler raise nothing but Failed: Lambda's runtime prints an exception's words into the log."""

    @functools.wraps(handler)
    def guarded(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return handler(*arguments, **named)
        except Exception as fault:  # noqa: BLE001 - whatever it is, its words may quote data
            logger.error("failed", extra=traced(fault))  # noqa: TRY400 - exception() would log its words
            raise Failed(type(fault).__name__) from None

    return guarded


def traced(fault: BaseException) -> dict[str, Any]:
    """Log fields for a fault: its class, AWS's code, and the call stack. Never its message, which may quote data."""
    facts: dict[str, Any] = {"fault": type(fault).__name__, "places": list(_places(fault))}
    if isinstance(fault, ClientError):
        facts |= {"operation": fault.operation_name, "error_code": fault.response["Error"]["Code"]}
    return facts


def _places(fault: BaseException) -> Iterator[str]:
    trace = fault.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        yield f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next


def show_standing(standing: Standing) -> None:
    """Emit the metrics behind the dashboard's capacity graphs. An unknown cost emits nothing: it is not 0."""
    metrics.add_metric("LiveModelUnits", MetricUnit.Count, standing.model_units)
    metrics.add_metric("ExpiredPurchases", MetricUnit.Count, standing.expired)
    metrics.add_metric("UnbrakedPurchases", MetricUnit.Count, standing.unbraked)
    if standing.hourly_cost is not None:
        metrics.add_metric("HourlyCost", MetricUnit.NoUnit, standing.hourly_cost)


def show_orphans(number: int) -> None:
    """Emit the number of orphans, which an alarm watches; ReconcileCompleted and the log name their ARNs."""
    if number:
        metrics.add_metric("OrphanFound", MetricUnit.Count, number)


def show_dead_stacks(found: Collection[LeftThroughput]) -> None:
    """Emit how many throughputs deleted stacks have left, which an alarm watches, and what they cost an hour."""
    if found:
        metrics.add_metric("DeadStackThroughputs", MetricUnit.Count, len(found))
        if (cost := dead_stacks.hourly_cost(found)) is not None:
            metrics.add_metric("DeadStackHourlyCost", MetricUnit.NoUnit, cost)

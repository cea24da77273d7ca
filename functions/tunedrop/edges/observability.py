"""Logger and metrics, made once; the template names the service (POWERTOOLS_SERVICE_NAME). No content is logged."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from tunedrop.domain.serving.live_capacity import Standing

logger = Logger()
metrics = Metrics(namespace="Tunedrop")

# A run in which nothing happened has no metrics, and Powertools would warn of it in every log.
warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)


def traced(fault: BaseException) -> dict[str, Any]:
    """What a log may say of a fault: its kind, AWS's code, and where it rose. Never its words, which may quote data."""
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
    """Put the standing on the dashboard; a cost that is unknown is no point on its curve."""
    metrics.add_metric("LiveModelUnits", MetricUnit.Count, standing.model_units)
    metrics.add_metric("ExpiredPurchases", MetricUnit.Count, standing.expired)
    if standing.hourly_cost is not None:
        metrics.add_metric("HourlyCost", MetricUnit.NoUnit, standing.hourly_cost)


def show_orphans(number: int) -> None:
    """An alarm tells of them, once when they appear; their ARNs are in ReconcileCompleted and in the log."""
    if number:
        metrics.add_metric("OrphanFound", MetricUnit.Count, number)

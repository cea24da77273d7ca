"""Metrics of what stands at a moment; the alarms of the template watch them."""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from tunedrop.edges.observability import metrics
from tunedrop.serving.standing import Standing


def show(standing: Standing) -> None:
    """Put the standing on the dashboard; a cost that is unknown is no point on its curve."""
    metrics.add_metric("LiveModelUnits", MetricUnit.Count, standing.model_units)
    metrics.add_metric("ExpiredPurchases", MetricUnit.Count, standing.expired)
    if standing.hourly_cost is not None:
        metrics.add_metric("HourlyCost", MetricUnit.NoUnit, standing.hourly_cost)


def show_orphans(number: int) -> None:
    """An alarm tells of them, once when they appear; their ARNs are in ReconcileCompleted and in the log."""
    if number:
        metrics.add_metric("OrphanFound", MetricUnit.Count, number)

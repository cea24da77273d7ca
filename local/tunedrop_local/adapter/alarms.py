"""Seam: alarms on metric math are stored instead of refusing the whole stack; they never ring here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from tunedrop_local.adapter import seams


def install() -> None:
    record = seams.original(provisioners, "_cw_metric_alarm_record", "name", "props")

    def record_with_first_metric(name: str, props: Mapping[str, Any]) -> Any:
        return record(name, first_metric_only(props))

    seams.replace(provisioners, "_cw_metric_alarm_record", record_with_first_metric)


def first_metric_only(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The alarm on the first metric of its formula; any other alarm as it is."""
    kept = dict(properties)
    stats = [each["MetricStat"] for each in kept.pop("Metrics", None) or () if "MetricStat" in each]
    if not stats:
        return dict(properties)
    metric = stats[0]["Metric"]
    return {
        **kept,
        "Namespace": metric["Namespace"],
        "MetricName": metric["MetricName"],
        "Dimensions": metric.get("Dimensions", []),
        "Statistic": stats[0]["Stat"],
        "Period": stats[0]["Period"],
    }

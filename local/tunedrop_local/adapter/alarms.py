"""Seam: stores alarms on metric math, for which MiniStack would refuse the whole stack. They never go off here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from tunedrop_local.adapter import seams
from tunedrop_local.properties import first_metric_only


def install() -> None:
    """Stores such an alarm as one on the first metric of its formula."""
    record = seams.original(provisioners, "_cw_metric_alarm_record", "name", "props")

    def record_with_first_metric(name: str, props: Mapping[str, Any]) -> Any:
        return record(name, first_metric_only(props))

    seams.replace(provisioners, "_cw_metric_alarm_record", record_with_first_metric)

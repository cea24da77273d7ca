"""Seam: alarms on metric math are stored instead of refusing the whole stack; they never ring here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from tunedrop_local.adapter import seams
from tunedrop_local.properties import first_metric_only


def install() -> None:
    """Takes the first metric of a formula for the whole."""
    record = seams.original(provisioners, "_cw_metric_alarm_record", "name", "props")

    def record_with_first_metric(name: str, props: Mapping[str, Any]) -> Any:
        return record(name, first_metric_only(props))

    seams.replace(provisioners, "_cw_metric_alarm_record", record_with_first_metric)

"""The application's own events, on the default bus; rules of the template carry them on to the topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from tunedrop.domain.reports.notifications import Notification
from tunedrop.edges.observability import metrics

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "tunedrop"


class PublishFailed(Exception):
    """The bus did not take every event; publishing all of them again is safe, each has its own id."""


def publish(bus: EventBridgeClient, *notifications: Notification) -> None:
    """Put each notification on the bus as one event, at least once, and count it as a metric of its type."""
    for notification in notifications:
        answer = bus.put_events(
            Entries=[
                {
                    "Source": SOURCE,
                    "DetailType": notification.type,
                    "Detail": json.dumps(notification.detail(), ensure_ascii=False),
                    "Resources": list(notification.resources),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise PublishFailed(answer["Entries"][0].get("ErrorCode", "unknown"))
        metrics.add_metric(notification.type, MetricUnit.Count, 1)

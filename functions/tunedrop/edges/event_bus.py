"""The application's own events on the default bus; rules in the template forward them to the topics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from tunedrop.domain.reports.notifications import SOURCE, Notification
from tunedrop.edges.observability import metrics

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class PublishFailed(Exception):
    """The bus rejected an event. Publishing again is safe: each notification has a stable id."""


def publish(bus: EventBridgeClient, *notifications: Notification) -> None:
    """Put each notification on the bus as one event, and count it in a metric named after its type.

    Raises PublishFailed, and ClientError when EventBridge refuses the call.
    """
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
        if answer["FailedEntryCount"]:  # PutEvents answers 200 even so (docs/facts.md#event-delivery)
            raise PublishFailed(answer["Entries"][0].get("ErrorCode", "unknown"))
        metrics.add_metric(notification.type, MetricUnit.Count, 1)

"""Pure translations: template properties to API parameters, requests to IAM condition keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Properties = Mapping[str, Any]

_COUNTS = ("Days", "DaysAfterInitiation", "Versions")
_BOOLEANS = {"true": True, "false": False}


def lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """Converts CloudFormation's lifecycle rule to S3's API."""
    renamed = {"Id", "Prefix", "ExpirationInDays", "ExpiredObjectDeleteMarker"}
    translated: dict[str, Any] = {name: numbers(value) for name, value in rule.items() if name not in renamed}
    translated["Filter"] = {"Prefix": rule.get("Prefix", "")}
    if "Id" in rule:
        translated["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        translated["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        translated["Expiration"] = booleans({"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]})
    return translated


def encryption_rule(rule: Properties) -> dict[str, Any]:
    """Converts CloudFormation's bucket encryption rule to S3's API."""
    enabled = booleans({"BucketKeyEnabled": rule.get("BucketKeyEnabled", False)})
    return {"ApplyServerSideEncryptionByDefault": dict(rule["ServerSideEncryptionByDefault"]), **enabled}


def table_encryption(specification: Properties) -> dict[str, Any]:
    """Converts CloudFormation's SSESpecification to DynamoDB's API."""
    return booleans({"Enabled" if k == "SSEEnabled" else k: v for k, v in specification.items()})


def numbers(value: Any) -> Any:
    """Converts counts back to numbers: template parameters arrive as text, but the API wants numbers."""
    if not isinstance(value, Mapping):
        return value
    return {name: int(each) if name.endswith(_COUNTS) else numbers(each) for name, each in value.items()}


def booleans(properties: Properties) -> dict[str, Any]:
    """Converts booleans back from text: conditions and parameters turn them into it, but the APIs want booleans."""
    return {name: _BOOLEANS.get(value, value) for name, value in properties.items()}


def first_metric_only(alarm: Properties) -> dict[str, Any]:
    """Turns an alarm on metric math into one on its first metric; any other is unchanged."""
    kept = dict(alarm)
    stats = [each["MetricStat"] for each in kept.pop("Metrics", None) or () if "MetricStat" in each]
    if not stats:
        return dict(alarm)
    metric = stats[0]["Metric"]
    return {
        **kept,
        "Namespace": metric["Namespace"],
        "MetricName": metric["MetricName"],
        "Dimensions": metric.get("Dimensions", []),
        "Statistic": stats[0]["Stat"],
        "Period": stats[0]["Period"],
    }


def event_context(body: bytes) -> dict[str, Any]:
    """IAM condition keys of a PutEvents request; none if the body is no such request.

    AWS evaluates each entry by itself; here, entries that differ become a list, which equals no single value.
    """
    try:
        entries = json.loads(body)["Entries"]
        found = {
            "events:source": sorted({each["Source"] for each in entries}),
            "events:detail-type": sorted({each["DetailType"] for each in entries}),
        }
    except (KeyError, TypeError, ValueError):
        return {}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def row_context(body: bytes) -> dict[str, Any]:
    """IAM condition key of a DynamoDB request: the partition keys it touches; none if it names none.

    AWS evaluates a transaction item by item; here, all its keys are evaluated at once.
    """
    try:
        request = json.loads(body)
        keys = {key for part in _row_requests(request) for key in _partition_keys(part)}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return {}
    return {"dynamodb:LeadingKeys": sorted(keys)} if keys else {}


def _row_requests(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The request itself and each one inside a transaction or a batch."""
    yield request
    for item in request.get("TransactItems", ()):
        yield from item.values()
    for items in request.get("RequestItems", {}).values():
        for item in items:
            yield from item.values()


def _partition_keys(part: Mapping[str, Any]) -> Iterator[str]:
    for place in ("Key", "Item"):
        if place in part:
            yield part[place]["pk"]["S"]
    if "KeyConditionExpression" in part:
        placeholder = part["KeyConditionExpression"].split("=", 1)[1].split()[0]
        yield part["ExpressionAttributeValues"][placeholder]["S"]

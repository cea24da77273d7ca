"""Seam: applies template properties that MiniStack's CloudFormation drops, through the API, and reads them back."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from botocore.session import Session
from ministack.core.responses import get_region
from ministack.services.cloudformation import provisioners, stacks

from tunedrop_local.adapter import seams
from tunedrop_local.properties import (
    Properties,
    booleans,
    encryption_rule,
    lifecycle_rule,
    table_encryption,
)

Apply = Callable[[Any, str, Properties], None]

KINDS = {"AWS::S3::Bucket": "s3", "AWS::DynamoDB::Table": "dynamodb"}


def install(endpoint: str) -> None:
    """Wraps the creation and update of buckets and tables, however a stack is deployed."""
    handlers = getattr(provisioners, "_RESOURCE_HANDLERS", {})
    appliers = {"s3": _apply_to_bucket, "dynamodb": _apply_to_table}
    for kind, service in KINDS.items():
        if kind not in handlers:
            raise seams.SeamMissing(f"CloudFormation no longer handles {kind}")
        client, apply = functools.partial(_client, service, endpoint), appliers[service]
        for step, position in (("create", 1), ("update", 2)):
            handlers[kind][step] = _then(handlers[kind][step], position, client, apply)
    on_thread = seams.original(stacks, "_runs_on_worker_thread", "resource_type")
    # The calls go to this same server, so they must not block the thread that serves.
    seams.replace(stacks, "_runs_on_worker_thread", lambda kind: kind in KINDS or on_thread(kind))


def _then(handler: Callable[..., Any], position: int, client: Callable[[], Any], apply: Apply) -> Callable[..., Any]:
    """Returns a handler that then calls `apply` with the properties, the handler's argument at `position`."""

    @functools.wraps(handler)
    def applied(*arguments: Any, **options: Any) -> Any:
        name, attributes = handler(*arguments, **options)
        apply(client(), name, arguments[position])
        return name, attributes

    return applied


def _client(service: str, endpoint: str) -> Any:
    return Session().create_client(
        service, get_region(), endpoint_url=endpoint,
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip


def _apply_to_bucket(s3: Any, bucket: str, properties: Properties) -> None:
    if encryption := properties.get("BucketEncryption"):
        rules = [encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        name = "ApplyServerSideEncryptionByDefault"
        _same(bucket, "BucketEncryption", [each[name] for each in rules], [each[name] for each in found])
    if lifecycle := properties.get("LifecycleConfiguration"):
        rules = [lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        _same(bucket, "LifecycleConfiguration", len(rules), len(found))


def _apply_to_table(dynamodb: Any, table: str, properties: Properties) -> None:
    if expiry := properties.get("TimeToLiveSpecification"):
        _apply_time_to_live(dynamodb, table, booleans(expiry))
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        wanted = booleans(recovery)
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wanted)
        described = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        state = described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        _same(table, "PointInTimeRecovery", wanted["PointInTimeRecoveryEnabled"], state == "ENABLED")
    if encryption := properties.get("SSESpecification"):
        wanted = table_encryption(encryption)
        dynamodb.update_table(TableName=table, SSESpecification=wanted)
        found = dynamodb.describe_table(TableName=table)["Table"].get("SSEDescription", {})
        _same(table, "SSESpecification", wanted["Enabled"], found.get("Status") == "ENABLED")


def _apply_time_to_live(dynamodb: Any, table: str, wanted: Properties) -> None:
    found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if (found["TimeToLiveStatus"] == "ENABLED") != wanted["Enabled"]:
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
        found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    _same(table, "TimeToLive", wanted["Enabled"], found["TimeToLiveStatus"] == "ENABLED")


def _same(resource: str, name: str, wanted: object, found: object) -> None:
    if wanted != found:
        raise ValueError(f"{resource}: {name} is {found!r}, the template says {wanted!r}")

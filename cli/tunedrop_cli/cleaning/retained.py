"""What a deleted stack left on purpose: its data, the key of the data, and the role of its second brake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunedrop_cli.cleaning.things import BILLS, Kind, Thing

if TYPE_CHECKING:
    import boto3

BUCKET, TABLE, ROLE, KEY = "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::KMS::Key"
KINDS: Mapping[str, Kind] = {BUCKET: "bucket", TABLE: "table", ROLE: "role", KEY: "key"}
"""What each is called, in the order in which it goes: without the key the others can't be read."""
ORDER = tuple(KINDS)
BRAKE = "BrakeRole"
"""The one role that is the stack's alone; the one for API Gateway's logs serves the account."""
DAYS = 30
"""Until KMS deletes the key; the longest that it takes, because nothing is read without it."""
_ABSENT = frozenset({"404", "NoSuchBucket", "NoSuchEntity", "NotFoundException", "ResourceNotFoundException"})


def left(session: boto3.Session, stack_ids: Sequence[str]) -> list[Thing]:
    """What deleted stacks have left and what is still there, by their own events, in the order in which it goes."""
    found = [thing for stack_id in stack_ids for thing in _skipped(session, stack_id) if _is_there(session, thing)]
    return sorted(found, key=lambda thing: ORDER.index(thing.state))


def _skipped(session: boto3.Session, stack_id: str) -> Iterator[Thing]:
    pages = session.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
    for event in (each for page in pages for each in page["StackEvents"]):
        kind, logical_id = event.get("ResourceType", ""), event.get("LogicalResourceId", "")
        is_kept = event.get("ResourceStatus") == "DELETE_SKIPPED" and kind in ORDER
        if is_kept and (kind != ROLE or logical_id == BRAKE):
            what = KINDS[kind]
            yield Thing(what, logical_id, event["PhysicalResourceId"], kind, BILLS[what], stack_id)


def _is_there(session: boto3.Session, thing: Thing) -> bool:
    with _absent():
        if thing.state == BUCKET:
            session.client("s3").head_bucket(Bucket=thing.id)
        elif thing.state == TABLE:
            session.client("dynamodb").describe_table(TableName=thing.id)
        elif thing.state == ROLE:
            session.client("iam").get_role(RoleName=thing.id)
        else:
            found = session.client("kms").describe_key(KeyId=thing.id)["KeyMetadata"]
            return str(found["KeyState"]) != "PendingDeletion"
        return True
    return False


def end(session: boto3.Session, thing: Thing) -> str:
    """Delete it, for good; returns why AWS refused, or nothing."""
    try:
        with _absent():
            if thing.state == BUCKET:
                _empty(session, thing.id)
                session.client("s3").delete_bucket(Bucket=thing.id)
            elif thing.state == TABLE:
                session.client("dynamodb").delete_table(TableName=thing.id)
            elif thing.state == ROLE:
                _delete_role(session.client("iam"), thing.id)
            else:
                session.client("kms").schedule_key_deletion(KeyId=thing.id, PendingWindowInDays=DAYS)
    except ClientError as error:
        return str(error)
    return ""


def _empty(session: boto3.Session, bucket: str) -> None:
    """Delete every version of every object, and every delete marker."""
    s3 = session.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        every: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects: list[Any] = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _delete_role(iam: Any, role: str) -> None:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    iam.delete_role(RoleName=role)


@contextmanager
def _absent() -> Iterator[None]:
    """Let AWS's answer pass that a thing is not there."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise

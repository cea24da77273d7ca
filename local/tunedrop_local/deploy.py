"""Deploys a template into the embedded cloud: packs, uploads, creates or updates, waits, explains failures."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tunedrop_local import packages, template

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
PATIENCE = 600.0  # seconds; it takes one or two on an idle machine
NOTHING_TO_DO = "No updates are to be performed"


class DeploymentFailed(RuntimeError):
    """The stack did not reach the wanted status; the message lists the events that say why."""


class _Written(str):
    """A number as it was written: a pattern may allow 0.00006, and not 6e-05."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Clients(Protocol):
    """Makes boto3 clients of the deploying user."""

    def __call__(self, service: str, region: str) -> Any:
        """Returns a client of a service in a Region."""
        ...


@dataclass(frozen=True, slots=True)
class Deployment:
    """What to deploy, where to, and the folder that caches built layers."""

    stack_name: str
    region: str
    template: Path
    parameters: Mapping[str, str]
    cache: Path


def deploy(wanted: Deployment, clients: Clients) -> dict[str, str]:
    """Creates or updates the stack and returns its outputs. Raises DeploymentFailed, BuildFailed."""
    s3, cloudformation = clients("s3", wanted.region), clients("cloudformation", wanted.region)
    bucket = _artifact_bucket(s3, wanted.region)
    source = template.load(wanted.template)
    keys = {
        folder.logical_id: _upload(s3, bucket, "code", "zip", _pack(folder, wanted.cache))
        for folder in template.folders(source, wanted.template.parent)
    }
    ready = json.dumps(template.with_uploads(source, bucket, keys)).encode()
    key = _upload(s3, bucket, "templates", "json", ready)
    _create_or_update(cloudformation, wanted, f"{s3.meta.endpoint_url}/{bucket}/{key}")
    return outputs(cloudformation, wanted.stack_name)


def outputs(cloudformation: Any, stack_name: str) -> dict[str, str]:
    """The outputs of a stack, by key."""
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def _artifact_bucket(s3: Any, region: str) -> str:
    bucket = f"tunedrop-local-artifacts-{region}"
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **where)
    return bucket


def _pack(folder: template.Folder, cache: Path) -> bytes:
    if folder.built_by_make:
        return packages.layer(folder.path, folder.logical_id, cache)
    return packages.archive(folder.path)


def _upload(s3: Any, bucket: str, prefix: str, extension: str, data: bytes) -> str:
    key = f"{prefix}/{hashlib.sha256(data).hexdigest()}.{extension}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        s3.put_object(Bucket=bucket, Key=key, Body=data)
    return key


def _create_or_update(cloudformation: Any, wanted: Deployment, url: str) -> None:
    status = _status(cloudformation, wanted.stack_name)
    if status == "ROLLBACK_COMPLETE":  # a failed creation left it; as on AWS, it can only be deleted
        cloudformation.delete_stack(StackName=wanted.stack_name)
        _settled(cloudformation, wanted.stack_name)
        status = None
    act = cloudformation.update_stack if status else cloudformation.create_stack
    parameters = _parameters(cloudformation, wanted, status)
    started = time.time()
    try:
        act(StackName=wanted.stack_name, TemplateURL=url, Parameters=parameters, Capabilities=CAPABILITIES)
    except ClientError as error:
        if NOTHING_TO_DO in str(error):
            return
        declared = template.load(wanted.template).get("Parameters", {})
        words = f"{wanted.stack_name}: {error.response['Error']['Message']}"
        raise DeploymentFailed(" ".join([words, *wrong_members(declared, wanted.parameters)])) from error
    goal = "UPDATE_COMPLETE" if status else "CREATE_COMPLETE"
    if (reached := _settled(cloudformation, wanted.stack_name)) != goal:
        raise DeploymentFailed(_why(cloudformation, wanted.stack_name, reached, started))


def _parameters(cloudformation: Any, wanted: Deployment, status: str | None) -> list[dict[str, Any]]:
    """The wanted parameters. An update keeps the previous values of those that are not given again."""
    kept: dict[str, str] = {}
    if status:
        stack = cloudformation.describe_stacks(StackName=wanted.stack_name)["Stacks"][0]
        kept = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    declared = template.load(wanted.template).get("Parameters", {})
    unknown = sorted(set(wanted.parameters) - set(declared))
    if unknown:
        raise DeploymentFailed(f"the template has no parameter {unknown[0]}; it has {', '.join(sorted(declared))}")
    given = {name: value for name, value in kept.items() if name in declared} | dict(wanted.parameters)
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]


def wrong_members(declared: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[str]:
    """What CloudFormation does not say: the members of a JSON object that its parameter's pattern does not allow."""
    for name, value in given.items():
        pattern = declared.get(name, {}).get("AllowedPattern")
        if pattern is None or re.fullmatch(pattern, value):
            continue
        try:
            members = json.loads(value, parse_float=_Written, parse_int=_Written)
        except ValueError:
            continue
        if isinstance(members, dict):
            wrong = [key for key, each in members.items() if not re.fullmatch(pattern, _alone(key, each))]
            yield from (f"{name} can't have {key!r}: {members[key]!r}." for key in wrong)


def _alone(name: str, member: object) -> str:
    return f"{{{json.dumps(name)}: {member if isinstance(member, _Written) else json.dumps(member)}}}"


def _status(cloudformation: Any, stack_name: str) -> str | None:
    try:
        found = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None
    return None if found == "DELETE_COMPLETE" else str(found)


def _settled(cloudformation: Any, stack_name: str) -> str | None:
    deadline = time.monotonic() + PATIENCE
    while (status := _status(cloudformation, stack_name)) and status.endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"{stack_name} is still {status} after {PATIENCE:.0f} seconds")
        time.sleep(0.05)
    return status


def _why(cloudformation: Any, stack_name: str, reached: str | None, since: float) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [
        f"  {each['LogicalResourceId']} ({each['ResourceType']}): {each.get('ResourceStatusReason', 'no reason given')}"
        for each in reversed(events)
        if "FAILED" in each["ResourceStatus"] and each["Timestamp"].timestamp() > since - 1
    ]
    return "\n".join([f"{stack_name} ended as {reached}:", *failed])

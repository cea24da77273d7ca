"""What IAM asks about each SDK operation: a table of operations, each as requests to the policies.

Resources are named as the worked-out template names them. Where AWS's own sources disagree about what is asked, all of
it is: docs/facts.md#iam. An operation that the table lacks is a KeyError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from tests.iam.evaluation import Request
from tests.template.stack import ACCOUNT, NAME, REGION

Parameters = Mapping[str, Any]
Questions = Iterator[Request]
Tags = Mapping[str, str]

DATA, KEY = "<DataBucket.Arn>", "<Key.Arn>"
BEDROCK = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"


def questions(operation: str, parameters: Parameters, tags: Tags) -> list[Request]:
    """All that the policies must allow; `tags` are those of the thing in Bedrock that the call is about."""
    return list(ASKED[operation](parameters, tags))


# --- S3: every object is encrypted with the stack's key, so S3 asks KMS on the caller's behalf


def _in_bucket(action: str, key: str, **context: str) -> Request:
    return Request(f"s3:{action}", f"{DATA}/{key}" if key else DATA, {"aws:SecureTransport": "true", **context})


def _by_way_of(service: str, *actions: str) -> Questions:
    for action in actions:
        yield Request(f"kms:{action}", KEY, {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"})


def _read(parameters: Parameters, _: Tags) -> Questions:
    yield _in_bucket("GetObjectVersion" if "VersionId" in parameters else "GetObject", parameters["Key"])
    yield from _by_way_of("s3", "Decrypt")


def _write(parameters: Parameters, tags: Tags) -> Questions:
    yield _in_bucket("PutObject", parameters["Key"])
    yield from _by_way_of("s3", "GenerateDataKey")
    if "IfMatch" in parameters:  # docs/facts.md#s3-objects
        yield from _read(parameters, tags)


def _write_parts(parameters: Parameters, tags: Tags) -> Questions:
    yield from _write(parameters, tags)
    yield from _by_way_of("s3", "Decrypt")  # docs/facts.md#iam: who writes parts


def _copy(parameters: Parameters, tags: Tags) -> Questions:
    assert parameters["TaggingDirective"] == "REPLACE"  # else tags are read and written, too
    source = parameters["CopySource"]
    if isinstance(source, str):  # as botocore has it by then: bucket/key?versionId=…
        path, _, version = unquote(source).partition("?versionId=")
        source = {"Key": path.partition("/")[2], **({"VersionId": version} if version else {})}
    yield from _read(source, tags)
    yield from _write(parameters, tags)


def _erase(parameters: Parameters, _: Tags) -> Questions:
    for each in parameters["Delete"]["Objects"]:
        yield _in_bucket("DeleteObjectVersion" if "VersionId" in each else "DeleteObject", each["Key"])


def _listed(action: str) -> Callable[[Parameters, Tags], Questions]:
    def asked(parameters: Parameters, _: Tags) -> Questions:
        yield _in_bucket(action, "", **{"s3:prefix": parameters["Prefix"]})

    return asked


def _abort(parameters: Parameters, _: Tags) -> Questions:
    yield _in_bucket("AbortMultipartUpload", parameters["Key"])


# --- DynamoDB: both tables are encrypted with the stack's key


def _rows(action: str, parameters: Parameters, *keys: str) -> Questions:
    table = f"<{parameters['TableName']}.Arn>"
    place = f"{table}/index/{parameters['IndexName']}" if "IndexName" in parameters else table
    yield Request(f"dynamodb:{action}", place, {"dynamodb:LeadingKeys": keys})
    writes = action not in {"GetItem", "Query", "ConditionCheckItem"}
    yield from _by_way_of("dynamodb", "Decrypt", *(["GenerateDataKey"] if writes else []))


def _one_row(action: str) -> Callable[[Parameters, Tags], Questions]:
    def asked(parameters: Parameters, _: Tags) -> Questions:
        yield from _rows(action, parameters, (parameters.get("Key") or parameters["Item"])["pk"]["S"])

    return asked


def _query(parameters: Parameters, _: Tags) -> Questions:
    partition = re.match(r"#\w+ = (:\w+)", parameters["KeyConditionExpression"])
    assert partition
    yield from _rows("Query", parameters, parameters["ExpressionAttributeValues"][partition[1]]["S"])


def _transaction(parameters: Parameters, tags: Tags) -> Questions:
    """DynamoDB asks for each item's own action."""
    for item in parameters["TransactItems"]:
        for kind, written in item.items():
            yield from _one_row({"ConditionCheck": "ConditionCheckItem"}.get(kind, f"{kind}Item"))(written, tags)


def _batch(parameters: Parameters, _: Tags) -> Questions:
    for table, requests in parameters["RequestItems"].items():
        keys = dict.fromkeys(each["PutRequest"]["Item"]["pk"]["S"] for each in requests)
        yield from _rows("BatchWriteItem", {"TableName": table}, *keys)


# --- SQS, EventBridge, CloudFormation, Service Quotas


def _on_queue(action: str) -> Callable[[Parameters, Tags], Questions]:
    def asked(parameters: Parameters, _: Tags) -> Questions:
        yield Request(f"sqs:{action}", f"<{parameters['QueueUrl'].rpartition('/')[2]}.Arn>")

    return asked


def _publish(parameters: Parameters, _: Tags) -> Questions:
    for entry in parameters["Entries"]:
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{entry.get('EventBusName', 'default')}"
        yield Request("events:PutEvents", bus, {"events:source": entry["Source"]})


def _describe_stack(parameters: Parameters, _: Tags) -> Questions:
    yield Request("cloudformation:DescribeStacks", parameters["StackName"])


def _anything(action: str) -> Callable[[Parameters, Tags], Questions]:
    """Actions that take no resource."""

    def asked(_parameters: Parameters, _: Tags) -> Questions:
        yield Request(action, "*")

    return asked


# --- Bedrock


def _of_resource(tags: Tags) -> dict[str, str | tuple[str, ...]]:
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def _of_request(*lists: list[dict[str, str]]) -> dict[str, str | tuple[str, ...]]:
    tags = {each["key"]: each["value"] for tags in lists for each in tags}
    keys: dict[str, str | tuple[str, ...]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**keys, "aws:TagKeys": tuple(tags)}


def _about(action: str, name: str) -> Callable[[Parameters, Tags], Questions]:
    def asked(parameters: Parameters, tags: Tags) -> Questions:
        yield Request(f"bedrock:{action}", parameters[name], _of_resource(tags))

    return asked


def _foundation_model(identifier: str) -> str:
    return f"arn:aws:bedrock:{REGION}::foundation-model/{identifier.rpartition('/')[2]}"


def _create_job(parameters: Parameters, _: Tags) -> Questions:
    of_both = _of_request(parameters["jobTags"], parameters["customModelTags"])
    job, model = f"{BEDROCK}:model-customization-job/new", f"{BEDROCK}:custom-model/new"
    for resource in (_foundation_model(parameters["baseModelIdentifier"]), model, job):
        yield Request("bedrock:CreateModelCustomizationJob", resource, of_both)
    yield Request("bedrock:TagResource", job, _of_request(parameters["jobTags"]))
    yield Request("bedrock:TagResource", model, _of_request(parameters["customModelTags"]))
    yield Request("iam:PassRole", "<BedrockRole.Arn>", {"iam:PassedToService": "bedrock.amazonaws.com"})
    if parameters.get("customModelKmsKeyId"):  # docs/facts.md#kms
        yield from _by_way_of("bedrock", "CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")


def _put_schedule(action: str) -> Callable[[Parameters, Tags], Questions]:
    def asked(parameters: Parameters, _: Tags) -> Questions:
        yield Request(f"scheduler:{action}", _schedule(parameters))
        yield Request("iam:PassRole", "<BrakeRole.Arn>", {"iam:PassedToService": "scheduler.amazonaws.com"})

    return asked


def _get_schedule(parameters: Parameters, _: Tags) -> Questions:
    yield Request("scheduler:GetSchedule", _schedule(parameters))


def _schedule(parameters: Parameters) -> str:
    assert "GroupName" not in parameters  # then it is the default group
    name = re.sub(r"^.+-v\d+-([0-9a-f]{8})-[0-9a-f]{8}$", r"x-v1-\1-x", parameters["Name"])
    return f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"


def _create_throughput(parameters: Parameters, tags: Tags) -> Questions:
    base = parameters["modelId"].partition("/")[2].partition("/")[0]
    wanted = _of_request(parameters["tags"])
    bought = "bedrock:CreateProvisionedModelThroughput"
    yield Request(bought, parameters["modelId"], wanted | _of_resource(tags))
    yield Request(bought, _foundation_model(base), wanted)
    yield Request("bedrock:TagResource", f"{BEDROCK}:provisioned-model/new", wanted)


def _create_deployment(parameters: Parameters, tags: Tags) -> Questions:
    wanted = _of_request(parameters["tags"])
    yield Request("bedrock:CreateCustomModelDeployment", parameters["modelArn"], wanted | _of_resource(tags))
    yield Request("bedrock:TagResource", f"{BEDROCK}:custom-model-deployment/new", wanted)


def _update_throughput(parameters: Parameters, tags: Tags) -> Questions:
    yield Request("bedrock:UpdateProvisionedModelThroughput", parameters["provisionedModelId"], _of_resource(tags))
    yield Request("bedrock:UpdateProvisionedModelThroughput", parameters["desiredModelId"], _of_resource(tags))


def _update_deployment(parameters: Parameters, tags: Tags) -> Questions:
    updated = parameters["customModelDeploymentIdentifier"]
    yield Request("bedrock:UpdateCustomModelDeployment", updated, _of_resource(tags))
    yield Request("bedrock:UpdateCustomModelDeployment", parameters["modelArn"], _of_resource(tags))


def _get_foundation_model(parameters: Parameters, _: Tags) -> Questions:
    yield Request("bedrock:GetFoundationModel", _foundation_model(parameters["modelIdentifier"]))


def _list_tags(parameters: Parameters, tags: Tags) -> Questions:
    yield Request("bedrock:ListTagsForResource", parameters["resourceARN"], _of_resource(tags))


ABOUT = {  # the parameter that names the thing in Bedrock whose tags count
    "bedrock.CreateProvisionedModelThroughput": "modelId",
    "bedrock.CreateCustomModelDeployment": "modelArn",
    "bedrock.DeleteCustomModel": "modelIdentifier",
    "bedrock.DeleteCustomModelDeployment": "customModelDeploymentIdentifier",
    "bedrock.DeleteProvisionedModelThroughput": "provisionedModelId",
    "bedrock.GetCustomModel": "modelIdentifier",
    "bedrock.GetCustomModelDeployment": "customModelDeploymentIdentifier",
    "bedrock.GetModelCustomizationJob": "jobIdentifier",
    "bedrock.GetProvisionedModelThroughput": "provisionedModelId",
    "bedrock.ListTagsForResource": "resourceARN",
    "bedrock.StopModelCustomizationJob": "jobIdentifier",
    "bedrock.UpdateCustomModelDeployment": "customModelDeploymentIdentifier",
    "bedrock.UpdateProvisionedModelThroughput": "provisionedModelId",
    "bedrock-runtime.Converse": "modelId",
    "bedrock-runtime.ConverseStream": "modelId",
    "bedrock-runtime.InvokeModelWithResponseStream": "modelId",
}
_PLAIN = (
    "DeleteCustomModel",
    "DeleteCustomModelDeployment",
    "DeleteProvisionedModelThroughput",
    "GetCustomModel",
    "GetCustomModelDeployment",
    "GetModelCustomizationJob",
    "GetProvisionedModelThroughput",
    "StopModelCustomizationJob",
)
_LISTS = (
    "ListCustomModelDeployments",
    "ListCustomModels",
    "ListFoundationModels",
    "ListModelCustomizationJobs",
    "ListProvisionedModelThroughputs",
)
_INVOKE = _about("InvokeModelWithResponseStream", "modelId")


def _converse(parameters: Parameters, tags: Tags) -> Questions:
    """docs/facts.md#converse. A base model is named by its id."""
    named = parameters["modelId"]
    about = named if named.startswith("arn:") else _foundation_model(named)
    yield Request("bedrock:InvokeModel", about, _of_resource(tags))


ASKED: Mapping[str, Callable[[Parameters, Tags], Questions]] = {
    "s3.GetObject": _read,
    "s3.HeadObject": _read,
    "s3.PutObject": _write,
    "s3.CopyObject": _copy,
    "s3.CreateMultipartUpload": _write_parts,
    "s3.UploadPart": _write_parts,
    "s3.CompleteMultipartUpload": _write_parts,
    "s3.AbortMultipartUpload": _abort,
    "s3.DeleteObjects": _erase,
    "s3.ListObjectsV2": _listed("ListBucket"),
    "s3.ListObjectVersions": _listed("ListBucketVersions"),
    **{f"dynamodb.{each}": _one_row(each) for each in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")},
    "dynamodb.Query": _query,
    "dynamodb.TransactWriteItems": _transaction,
    "dynamodb.BatchWriteItem": _batch,
    "sqs.SendMessage": _on_queue("SendMessage"),
    "sqs.ChangeMessageVisibility": _on_queue("ChangeMessageVisibility"),
    "eventbridge.PutEvents": _publish,
    "cloudformation.DescribeStacks": _describe_stack,
    **{f"scheduler.{each}": _put_schedule(each) for each in ("CreateSchedule", "UpdateSchedule")},
    "scheduler.GetSchedule": _get_schedule,
    "service-quotas.ListServiceQuotas": _anything("servicequotas:ListServiceQuotas"),
    "bedrock.CreateModelCustomizationJob": _create_job,
    "bedrock.CreateProvisionedModelThroughput": _create_throughput,
    "bedrock.CreateCustomModelDeployment": _create_deployment,
    "bedrock.UpdateProvisionedModelThroughput": _update_throughput,
    "bedrock.UpdateCustomModelDeployment": _update_deployment,
    "bedrock.GetFoundationModel": _get_foundation_model,
    "bedrock.ListTagsForResource": _list_tags,
    **{f"bedrock.{each}": _about(each, ABOUT[f"bedrock.{each}"]) for each in _PLAIN},
    **{f"bedrock.{each}": _anything(f"bedrock:{each}") for each in _LISTS},
    "bedrock-runtime.Converse": _converse,
    "bedrock-runtime.ConverseStream": _INVOKE,  # docs/facts.md#converse
    "bedrock-runtime.InvokeModelWithResponseStream": _INVOKE,
}


# --- requests of different runs made alike

_ALIKE = (  # what a run names anew
    (re.compile(rf"^arn:aws:bedrock:[a-z0-9-]+:{ACCOUNT}:([a-z-]+)/.*"), rf"{BEDROCK}:\1/x"),
    (re.compile(rf"^(arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack)/(?!{NAME}/).*"), r"\1/another/x"),
    (re.compile(r"^arn:aws:bedrock:[a-z0-9-]+::foundation-model/.*"), _foundation_model("x")),
    (re.compile(r"^(<DataBucket\.Arn>/reports/)[^/]+/[^/]+/(jobs|evaluations)/.*"), r"\1x/x/\2/x"),
    (re.compile(r"^(<DataBucket\.Arn>/reports/)[^/]+/[^/]+/(train\.fingerprints)"), r"\1x/x/\2"),
    (re.compile(r"^(<DataBucket\.Arn>/[a-z]+/)(?!x/x/).*"), r"\1x"),
)
_LEADING, _PREFIX = re.compile(r"#.*"), re.compile(r"^([a-z]+/).+")


def alike(request: Request) -> Request:
    """The same for every job, version and key: ids are left out, and tags but those that policies ask for."""
    resource = request.resource
    for pattern, kept in _ALIKE:
        resource = pattern.sub(kept, resource)
    context = {key: _alike_value(key, value) for key, value in sorted(request.context.items()) if _counts(key)}
    return replace(request, resource=resource, context=context)


def _counts(key: str) -> bool:
    asked_of_all = key.endswith(("/tunedrop:stack", "/tunedrop:intent"))
    return "Tag/" not in key or asked_of_all or key == "aws:RequestTag/tunedrop:term"


def _alike_value(key: str, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if key == "dynamodb:LeadingKeys":
        return tuple(sorted({_LEADING.sub("#x", each) for each in value}))
    if isinstance(value, tuple):
        return tuple(sorted(value))
    if key.endswith("/tunedrop:intent"):
        return "x"
    return _PREFIX.sub(r"\1x", value) if key == "s3:prefix" else value

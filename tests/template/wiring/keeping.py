"""What is kept, what goes by itself, and what is encrypted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from tests.template.stack import PSEUDO, Resource, Stack, strings
from tests.template.wiring.finding import Code, Finding, under

HOLDS_DATA = ("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table")
KEPT = ("Retain", "RetainExceptOnCreate")
KEY = "<Key.Arn>"
ROWS_THAT_EXPIRE = {"AccessTable": ("tunedrop/edges/rows/key_rows.py", "tunedrop/edges/rows/request_rows.py")}
"""Each table whose rows go by themselves, and the modules that write when."""
NAMES = {  # a fixed name would stop a second stack, or one made anew beside what was retained
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Events::Rule": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
}
SET_FOR_THE_ACCOUNT = ("AWS::ApiGateway::Account", "AWS::Bedrock::ModelInvocationLoggingConfiguration")


def check_retained(stack: Stack, code: Code) -> Iterator[Finding]:
    """What holds data outlives the stack, and an update that replaces it."""
    for resource in stack.of(*HOLDS_DATA):
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if resource.body.get(policy) not in KEPT:
                yield Finding(resource.id, f"is deleted with its data ({policy})")


def check_brake(stack: Stack, code: Code) -> Iterator[Finding]:
    """What ends a throughput by itself outlives the stack that bought it: its role, while its schedules need it."""
    role = stack["BrakeRole"]
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if role.body.get(policy) not in KEPT:
            yield Finding(role.id, f"is taken from the schedules that end what was bought ({policy})")


def check_first_deploy(stack: Stack, code: Code) -> Iterator[Finding]:
    """A first deploy that fails leaves nothing behind but what the whole account may already lean on."""
    shared = {each.id for each in stack.of(*SET_FOR_THE_ACCOUNT)}
    shared |= {name for each in stack.of(*SET_FOR_THE_ACCOUNT) for name in _referred(each)}
    for resource in stack.resources.values():
        if resource.body.get("DeletionPolicy") == "Retain" and resource.id not in shared:
            yield Finding(resource.id, "stays behind when the first deploy fails (RetainExceptOnCreate)")


def check_tables(stack: Stack, code: Code) -> Iterator[Finding]:
    """A table is paid by use, can be restored, and is encrypted with our key."""
    for table in stack.of("AWS::DynamoDB::Table"):
        if table.properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield Finding(table.id, "is paid whether or not it is used")
        if under(table.properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") is not True:
            yield Finding(table.id, "can't be restored to a point in time")
        wanted = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
        if table.properties.get("SSESpecification") != wanted:
            yield Finding(table.id, "is not encrypted with our key")


def check_expiry(stack: Stack, code: Code) -> Iterator[Finding]:
    """Rows expire by the attribute that the code writes, and only where they are meant to."""
    for table in stack.of("AWS::DynamoDB::Table"):
        ttl, writers = table.properties.get("TimeToLiveSpecification", {}), ROWS_THAT_EXPIRE.get(table.id, ())
        on = ttl.get("Enabled") is True
        if on != bool(writers):
            yield Finding(table.id, "lets rows expire that must stay" if on else "never lets a row expire (TTL is off)")
        for path in writers if on else ():
            if ttl.get("AttributeName") not in set(_attributes(code.tree(path))):
                yield Finding(table.id, f"lets rows expire by {ttl.get('AttributeName')}, which {path} doesn't write")


def _attributes(tree: ast.Module) -> Iterator[str]:
    """The attributes that a module hands to `stored.to_row`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "to_row":
            yield from (each.arg for each in node.keywords if each.arg)


def check_bucket(stack: Stack, code: Code) -> Iterator[Finding]:
    """The bucket is private, versioned and encrypted with our key."""
    for bucket in stack.of("AWS::S3::Bucket"):
        own = bucket.properties
        if list(under(own, "PublicAccessBlockConfiguration", default={}).values()) != [True] * 4:
            yield Finding(bucket.id, "may be made public")
        if under(own, "VersioningConfiguration", "Status") != "Enabled":
            yield Finding(bucket.id, "keeps no earlier versions")
        rules = under(own, "BucketEncryption", "ServerSideEncryptionConfiguration", default=[{}])
        if under(rules[0], "ServerSideEncryptionByDefault", "KMSMasterKeyID") != KEY:
            yield Finding(bucket.id, "is not encrypted with our key")
        if under(rules[0], "ServerSideEncryptionByDefault", "SSEAlgorithm") != "aws:kms":
            yield Finding(bucket.id, "names our key and encrypts with S3's own")
        if under(own, "OwnershipControls", "Rules") != [{"ObjectOwnership": "BucketOwnerEnforced"}]:
            yield Finding(bucket.id, "leaves objects to whoever uploads them")
        if rules[0].get("BucketKeyEnabled") is not True:
            yield Finding(bucket.id, "asks KMS anew for each object, and pays for it")


def check_lifecycle(stack: Stack, code: Code) -> Iterator[Finding]:
    """Abandoned uploads and earlier versions go by themselves; no current version ever does."""
    for bucket in stack.of("AWS::S3::Bucket"):
        rules = under(bucket.properties, "LifecycleConfiguration", "Rules", default=())
        if any({"ExpirationInDays", "ExpirationDate", "Expiration"} & set(rule) for rule in rules):
            yield Finding(bucket.id, "lets current versions of objects go")
        enabled = {key for rule in rules if rule.get("Status") == "Enabled" for key in rule}
        days = {str(under(rule, "NoncurrentVersionExpiration", "NoncurrentDays")) for rule in rules} - {"None"}
        if days - {stack.parameters["NoncurrentVersionDays"]}:
            yield Finding(bucket.id, "keeps earlier versions for other days than NoncurrentVersionDays says")
        for key in sorted({"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"} - enabled):
            yield Finding(bucket.id, f"keeps for ever what {key} would remove")


def check_encrypted(stack: Stack, code: Code) -> Iterator[Finding]:
    """Topics and logs are encrypted with our key, which is rotated."""
    for resource in stack.of("AWS::SNS::Topic", "AWS::Logs::LogGroup"):
        if KEY not in (resource.properties.get("KmsMasterKeyId"), resource.properties.get("KmsKeyId")):
            yield Finding(resource.id, "is not encrypted with our key")
    for key in stack.of("AWS::KMS::Key"):
        if key.properties.get("EnableKeyRotation") is not True:
            yield Finding(key.id, "is never rotated")


def check_names(stack: Stack, code: Code) -> Iterator[Finding]:
    """Nothing has a fixed name."""
    for resource in stack.of(*NAMES):
        if NAMES[resource.type] in resource.properties:
            yield Finding(resource.id, "has a fixed name: a second stack, or a new one beside what was kept, fails")


def check_references(stack: Stack, code: Code) -> Iterator[Finding]:
    """Whatever is referred to is deployed with these parameters, and no two wait for each other."""
    waits = {resource.id: _referred(resource) for resource in stack.resources.values()}
    for name, referred in waits.items():
        for absent in sorted(referred - set(stack.resources)):
            yield Finding(name, f"refers to {absent}, which is not deployed with these parameters")
    left = {name: referred & set(stack.resources) for name, referred in waits.items()}
    while ready := [name for name, referred in left.items() if not referred & set(left)]:
        left = {name: referred for name, referred in left.items() if name not in ready}
    for name in sorted(left):
        yield Finding(name, "waits for itself: CloudFormation refuses a circular dependency")


def _referred(resource: Resource) -> set[str]:
    filled = {under(each, "InputTransformer", "InputTemplate") for each in resource.properties.get("Targets", ())}
    texts = (text for text in strings(resource.properties) if "<" in text and text not in filled)  # by EventBridge
    names = {word for text in texts for word in _placeholders(text)}
    depends: Any = resource.body.get("DependsOn", [])
    return names | ({depends} if isinstance(depends, str) else set(depends))


def _placeholders(text: str) -> Iterator[str]:
    for part in text.split("<")[1:]:
        name = part.split(">")[0].split(".")[0]
        if ">" in part and name.isalnum() and name not in PSEUDO:
            yield name


CHECKS = (
    check_retained,
    check_brake,
    check_first_deploy,
    check_tables,
    check_expiry,
    check_bucket,
    check_lifecycle,
    check_encrypted,
    check_names,
    check_references,
)

"""Handlers that show that something reached them."""

from __future__ import annotations

import json
import os
import urllib.request

import boto3
from botocore.exceptions import ClientError


def record(event, context):
    """Leaves the event in the log."""
    print(json.dumps(event))
    return {}


def refuse(event, context):
    """Never takes a message."""
    print("attempt")
    failed = [{"itemIdentifier": each["messageId"]} for each in event["Records"]]
    return {"batchItemFailures": failed}


def answer(event, context):
    """Tells who called and what."""
    who = event["requestContext"]["identity"].get("userArn")
    body = {"path": event["path"], "who": who, "words": os.environ["WORDS"]}
    return {"statusCode": 200, "headers": {"x-made-by": "function"}, "body": json.dumps(body)}


def publish(event, context):
    """Puts an event of this source on the bus, and tells what came of it."""
    entry = {"Source": event["source"], "DetailType": "Told", "Detail": "{}"}
    try:
        return {"FailedEntryCount": boto3.client("events").put_events(Entries=[entry])["FailedEntryCount"]}
    except ClientError as error:
        return {"code": error.response["Error"]["Code"]}


def invoke_model(event, context):
    """Calls the model of the event, and tells what came of it."""
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    try:
        made = boto3.client("bedrock-runtime").invoke_model(modelId=event["model"], body=json.dumps(body))
    except ClientError as error:
        return {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    return json.loads(made["body"].read())


def guard(event, context):
    """A custom resource that refuses its deletion when it is told to."""
    refused = event["RequestType"] == "Delete" and event["ResourceProperties"]["Refuse"] == "yes"
    answered = {
        "Status": "FAILED" if refused else "SUCCESS",
        "Reason": "it still bills" if refused else "",
        "PhysicalResourceId": "guard",
        "Data": {"Words": "guarded"},
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(event["ResponseURL"], json.dumps(answered).encode(), method="PUT")
    urllib.request.urlopen(request).close()

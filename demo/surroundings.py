"""The demo's environment: a fresh embedded cloud, the deployed stack, and a person with the stack's own policies."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.credentials import Credentials
from tunedrop_cli.control import ControlApi
from tunedrop_local.client import Cloud, Stack, join, start
from tunedrop_local.identities import Identity

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "demo"
PATIENCE = 300.0
"""Seconds to wait for any one answer or event; generous, because the machine may be busy."""
TIME_SCALE = 1200.0
"""Three hours of training take nine seconds."""
BASE_MODEL = "claude-3-haiku"
PARAMETERS = {"MaxModelUnits": "1", "DefaultBaseModel": BASE_MODEL}
BASE_MODEL_ID = "anthropic.claude-3-haiku-20240307-v1:0"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside the demo that its steps use."""

    cloud: Cloud
    stack: Stack
    person: Identity
    api: ControlApi
    queue_url: str
    """URL of a queue subscribed to the notification topic."""

    def client(self, service: str) -> Any:
        """A boto3 client with the person's identity."""
        return self.stack.client(service, self.person)

    def notifications(self) -> list[dict[str, Any]]:
        """Receive up to ten new notifications; wait at most a second for one."""
        sqs = self.stack.client("sqs")
        received = sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found = []
        for message in received.get("Messages", []):
            found.append(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found


def fresh_cloud() -> Cloud:
    """Start an embedded cloud without any state of an earlier demo."""
    state = BUILD / "cloud"
    running = join(ROOT, state)
    if running is not None:
        running.stop()
    shutil.rmtree(state, ignore_errors=True)
    return start(ROOT, state, time_scale=TIME_SCALE)


def settle_in(cloud: Cloud, stack: Stack) -> Surroundings:
    """Create the person, and a queue that receives the stack's notifications."""
    person = stack.person()
    cloud.client("iam").put_user_policy(
        UserName=person.name, PolicyName="ask-the-base-model", PolicyDocument=json.dumps(_may_ask_base_model(stack))
    )
    credentials = Credentials(person.access_key_id, person.secret_access_key)
    api = ControlApi(stack.url("ControlApiUrl"), stack.region, credentials, timeout=PATIENCE)
    return Surroundings(cloud, stack, person, api, _listen(stack))


def _may_ask_base_model(stack: Stack) -> dict[str, Any]:
    resource = f"arn:aws:bedrock:{stack.region}::foundation-model/{BASE_MODEL_ID}"
    statement = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _listen(stack: Stack) -> str:
    sqs, topic = stack.client("sqs"), stack.outputs["NotificationTopicArn"]
    url = str(sqs.create_queue(QueueName="tunedrop-demo-notifications")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    stack.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url

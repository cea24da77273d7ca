"""Notifications arrive: in words, as events, filtered as the page says; and `tunedrop notifications test` shows it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tunedrop_local.__main__ import exports

from tests.template.identities import DEPLOYER_POLICY
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8").partition("### Where they arrive")[2]
FAILED, OF_ONE_DATASET = [
    json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if "detail-type" in text
]


@pytest.fixture(scope="module")
def stack(world):
    """A stack of its own: no other test's events arrive."""
    return world.deploy("notifying", region="us-west-2")


def subscribe(stack, output, name, policy=None):
    """A queue that hears a topic; gives what it has heard by now, whole messages."""
    sqs, topic = stack.client("sqs"), stack.outputs[output]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    filtered = {"FilterPolicyScope": "MessageBody", "FilterPolicy": json.dumps(policy)} if policy else {}
    stack.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true", **filtered}
    )
    heard = []

    def hear():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return heard

    return hear


def say(stack, kind, dataset):
    """An own event of this stack, as it would be published."""
    (found,) = stack.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    detail = {
        "stack": found["StackId"],
        "event_id": f"{kind}-{dataset}",
        "summary": 'Bedrock says "no"\nand more',
        "next_command": "tunedrop doctor",
        "dataset": dataset,
    }
    entry = {"Source": "tunedrop", "DetailType": kind, "Detail": json.dumps(detail)}
    assert stack.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


@pytest.fixture(scope="module")
def deployer(stack):
    """Somebody with docs/deployer-policy.json and nothing else."""
    text = DEPLOYER_POLICY.read_text("utf-8")
    account = stack.cloud.settings.account
    for name, value in {"ACCOUNT": account, "REGION": stack.region, "STACK": stack.name, "ARTIFACTS": "x"}.items():
        text = text.replace(name, value)
    made = stack.cloud.user("notifying-deployer")
    stack.client("iam").put_user_policy(UserName=made.name, PolicyName="deploy", PolicyDocument=text)
    return made


def run(stack, who, tmp_path):
    command = [sys.executable, "-m", "tunedrop_cli", "notifications", "test", "--stack-name", stack.name]
    return subprocess.run(
        command,
        cwd=tmp_path,
        env={**exports(stack, who), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_test_notification_arrives_on_both_topics(stack, deployer, tmp_path):
    assert run(stack, deployer, tmp_path).returncode == 1  # nobody hears it yet
    words, events = subscribe(stack, "PeopleTopicArn", "words"), subscribe(stack, "NotificationTopicArn", "events")
    ran = run(stack, deployer, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    (event,) = eventually(events)
    (told,) = eventually(words)
    assert event["detail-type"] == told["content"]["title"] == "TestNotification"
    assert told["content"]["description"] == event["detail"]["summary"]
    assert told["content"]["nextSteps"] == ["tunedrop doctor --stack-name notifying"]
    assert told["id"] in ran.stdout


def test_nobody_else_may_send_one(stack, tmp_path):
    ran = run(stack, stack.person(), tmp_path)
    assert ran.returncode == 1
    assert "not authorized" in ran.stderr


def test_a_deployer_may_send_no_other(stack, deployer):
    entry = {"Source": "tunedrop", "DetailType": "JobFailed", "Detail": "{}"}
    with pytest.raises(Exception, match="not authorized"):
        stack.client("events", deployer).put_events(Entries=[entry])


def test_the_filters_of_the_page_let_through_what_it_says(stack):
    everything = subscribe(stack, "NotificationTopicArn", "everything")
    failed = subscribe(stack, "NotificationTopicArn", "failed", FAILED)
    of_one = subscribe(stack, "NotificationTopicArn", "of-one-dataset", OF_ONE_DATASET)
    words = subscribe(stack, "PeopleTopicArn", "all-words")
    said = [("JobFailed", "support-bot"), ("JobCompleted", "support-bot"), ("JobFailed", "other"),
            ("DeploymentReady", "support-bot")]  # fmt: skip
    for kind, dataset in said:
        say(stack, kind, dataset)
    eventually(lambda: len(everything()) == len(said))

    def ids(heard):
        return sorted(each["detail"]["event_id"] for each in heard())

    assert ids(failed) == ["JobFailed-other", "JobFailed-support-bot"]
    assert ids(of_one) == ["JobCompleted-support-bot", "JobFailed-support-bot"]
    eventually(lambda: len(words()) == len(said))
    assert {each["content"]["description"] for each in words()} == {'Bedrock says "no"\nand more'}

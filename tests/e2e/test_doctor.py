"""`tunedrop doctor` against a deployed stack: healthy, then ill in several ways; and the whole paid trip."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tunedrop_cli.doctor.paid_steps import PAYING, RELEASING
from tunedrop_cli.doctor.upload_steps import CLEARING, UPLOADING
from tunedrop_local.__main__ import exports

from tests.waiting import PATIENCE, eventually

ROWS = Path(__file__).parents[1] / "fixtures" / "rows" / "0.1.0"
READING = [
    f"{service}:{verb}*"
    for service in ("bedrock", "cloudformation", "cloudwatch", "dynamodb", "events", "iam", "lambda", "logs", "s3")
    for verb in ("Get", "List", "Describe")
] + ["apigateway:GET", "servicequotas:List*", "sns:List*", "sqs:Get*", "sts:Get*"]
MISNAMED = "lambda:PutFunctionConcurrency"
"""What the embedded cloud asks for where AWS asks for lambda:GetFunctionConcurrency."""
PRICED = (
    '{"nova-micro.training_per_1000_tokens": 0.001, "nova-lite.training_per_1000_tokens": 0.002, '
    '"nova-pro.training_per_1000_tokens": 0.008, "nova-2-lite.training_per_1000_tokens": 0.004}'
)
NOT_SERVED = {
    "model-access": "Not simulated",
    "alarm-actions": "no alarm has published anything yet",
    "access-logs": "writes no access logs",
}
"""What the embedded cloud does not have, and the reason that doctor gives."""


@pytest.fixture(scope="module")
def clinic(world):
    """A stack of its own, with prices, whose alarms somebody hears: no test of another module breaks it."""
    stack = world.deploy("clinic", region="us-east-1", parameters={"Prices": PRICED})
    sns = stack.client("sns")
    for output in ("AlarmTopicArn", "RoutineAlarmTopicArn"):
        queue = stack.client("sqs").create_queue(QueueName=f"hears-{output}")["QueueUrl"]
        arn = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=stack.outputs[output], Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    set_alarm(stack, "ReconcileMissingAlarm", "OK")
    group = stack.resource("ReconcileLogGroup")
    eventually(lambda: stack.client("logs").describe_log_streams(logGroupName=group)["logStreams"])
    return stack


def set_alarm(stack, logical_id, state):
    """What CloudWatch would do: no alarm of the embedded cloud changes by itself."""
    name = stack.resource(logical_id)
    stack.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="told by the test")


@pytest.fixture(scope="module")
def auditor(clinic):
    """Somebody who may only read: what `doctor --deep` does with these rights writes nothing."""
    statements = [
        {"Effect": "Allow", "Action": [*READING, MISNAMED], "Resource": "*"},
        {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*:*:*/v1/GET/*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    made = clinic.client("iam").create_policy(PolicyName="auditor", PolicyDocument=document)
    return clinic.cloud.user("auditor", [made["Policy"]["Arn"]])


@pytest.fixture
def doctor(clinic, auditor, tmp_path):
    """Runs `tunedrop doctor ARGUMENT...`; gives the exit code, the checks by name, and standard error."""

    def run(*arguments, identity=auditor, stack=clinic):
        variables = {**exports(stack, identity), "HOME": str(tmp_path)}
        command = [sys.executable, "-m", "tunedrop_cli", "doctor", "--json", "--stack-name", stack.name, *arguments]
        ran = subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran.returncode, {each["name"]: each for each in json.loads(ran.stdout)["checks"]}, ran.stderr

    return run


def statuses(checks):
    return {name: check["status"] for name, check in checks.items() if check["status"] != "ok"}


def test_a_healthy_stack_is_ok_to_somebody_who_may_only_read(doctor, clinic, tmp_path):
    code, checks, _ = doctor("--deep")
    assert statuses(checks) == dict.fromkeys(NOT_SERVED, "unknown")
    assert all(words in checks[name]["seen"] for name, words in NOT_SERVED.items())
    assert code == 0

    report, text = ((tmp_path / f"tunedrop-doctor.{kind}").read_text("utf-8") for kind in ("json", "txt"))
    assert json.loads(report)["counts"] == {"ok": len(checks) - len(NOT_SERVED), "unknown": len(NOT_SERVED)}
    for private in ("arn:", clinic.cloud.settings.account, *clinic.outputs["DeadLetterQueueUrls"].split()):
        assert private not in report
        assert private not in text


def test_a_plain_look_is_a_part_of_the_deep_one_and_writes_no_report(doctor, tmp_path):
    code, checks, _ = doctor()
    assert (code, list(tmp_path.iterdir())) == (0, [])
    assert list(checks) == [
        *("region", "credentials", "stack", "release", "control-api", "prices", "alarm-subscribers", "keys"),
        *("reconcile-rule", "lifecycle", "model-access", "quotas", "concurrency"),
    ]


def test_an_uploader_sees_which_permissions_are_missing(doctor, clinic):
    _, checks, _ = doctor("--deep", identity=clinic.person("uploader", ["UploaderPolicyArn"]))
    not_enforced = "concurrency"  # docs/local.md#differences-from-aws
    well = {"region", "credentials", "stack", "release", "messages-unsigned", not_enforced}
    assert {name for name in checks if name not in statuses(checks)} == well
    assert set(statuses(checks).values()) == {"unknown"}
    assert checks["control-api"]["seen"].startswith("needs the permission execute-api:Invoke on GET /base-models")


def test_a_stack_that_is_not_there_is_said_to_be_missing(doctor):
    code, checks, _ = doctor("--stack-name", "nowhere")
    assert (code, checks["stack"]["status"]) == (1, "failed")
    command = checks["stack"]["command"]
    assert (command.startswith("tunedrop local up "), command.endswith(" --stack-name nowhere")) == (True, True)


def test_illnesses_show_with_what_mends_them(doctor, clinic):
    rule = clinic.resource("ReconcileFunctionEveryFiveMinutes")
    topic, letters = clinic.outputs["AlarmTopicArn"], clinic.outputs["DeadLetterQueueUrls"].split()[0]
    bucket = clinic.outputs["DataBucketName"]
    (heard,) = clinic.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    clinic.client("events").disable_rule(Name=rule)
    clinic.client("sns").unsubscribe(SubscriptionArn=heard["SubscriptionArn"])
    clinic.client("sqs").send_message(QueueUrl=letters, MessageBody="{}")
    clinic.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    set_alarm(clinic, "OrphansAlarm", "ALARM")
    for kind in ("api_key", "api_key_listing"):
        row = json.loads((ROWS / f"{kind}.json").read_text("utf-8"))["unlimited"]["item"]
        clinic.client("dynamodb").put_item(TableName=clinic.outputs["AccessTableName"], Item=row)

    code, checks, _ = doctor("--deep")
    assert {name: status for name, status in statuses(checks).items() if name not in NOT_SERVED} == {
        "reconcile-rule": "failed",
        "rules": "failed",
        "alarms": "failed",
        "alarm-subscribers": "attention",
        "keys": "attention",
        "dead-letters": "failed",
        "bucket": "failed",
    }
    assert code == 1
    assert "OrphansAlarm" in checks["alarms"]["seen"]
    assert checks["reconcile-rule"]["command"] == f"aws events enable-rule --name {rule}"
    assert f"--topic-arn {topic} " in checks["alarm-subscribers"]["command"]
    assert f"keys revoke {row['key_id']['S']} --stack-name clinic" in checks["keys"]["command"]

    clinic.client("events").enable_rule(Name=rule)
    clinic.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    clinic.client("sqs").purge_queue(QueueUrl=letters)
    _, checks, _ = doctor("--deep")
    assert {checks[name]["status"] for name in ("reconcile-rule", "rules", "dead-letters", "bucket")} == {"ok"}


def test_prices_that_are_not_set_are_asked_for_and_nothing_is_spent_without_them(doctor, east):
    administrator = east.stack.cloud.administrator
    code, checks, _ = doctor("--deep", "--spend", "5", "--yes", stack=east.stack, identity=administrator)
    assert (code, checks["prices"]["status"]) == (1, "attention")
    assert "nova-lite.training_per_1000_tokens" in checks["prices"]["seen"]
    assert checks["paid-plan"]["status"] == "failed"
    assert "no price is known" in checks["paid-plan"]["seen"]
    assert "listen" not in checks


def test_a_small_model_is_trained_called_and_given_back(doctor, clinic):
    before = len(clinic.cloud.ledger())
    _, checks, said = doctor("--deep", "--spend", "3", "--yes", identity=clinic.cloud.administrator)
    steps = {step.name for step in (*UPLOADING, *PAYING, *RELEASING, *CLEARING)} - {"job-events"}
    assert checks["job-events"]["values"]["sources"]["Completed"] in {"event", "reconcile"}  # whichever came first here
    assert {name: checks[name]["seen"] for name in steps if checks[name]["status"] != "ok"} == {}
    assert "USD  at most; nothing bills by the hour" in said
    assert "may still cost" not in said

    lines = clinic.cloud.ledger()[before:]
    assert sorted(line["kind"] for line in lines) == ["custom_model", "custom_model_deployment", "customization_job"]
    assert [line["kind"] for line in lines if line["ended_at"] is None] == []
    left = clinic.client("s3").list_object_versions(Bucket=clinic.outputs["DataBucketName"]).get("Versions", [])
    assert [each["Key"] for each in left if "/doctor-" in each["Key"] and not each["Key"].startswith("outputs/")] == []
    assert clinic.client("bedrock").list_custom_models(nameContains="doctor-")["modelSummaries"] == []
    assert [url for url in clinic.client("sqs").list_queues().get("QueueUrls", []) if "doctor-" in url] == []

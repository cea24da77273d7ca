"""`tunedrop doctor`: a healthy stack is seen as healthy, and each illness as that, with what mends it."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore import xform_name
from tunedrop_cli import main
from tunedrop_cli.doctor import fact_checks, rounds
from tunedrop_cli.doctor.outcomes import Finding, Outcome, exit_code
from tunedrop_cli.doctor.paid_steps import PAYING
from tunedrop_cli.doctor.upload_steps import UPLOADING
from tunedrop_cli.errors import Refused

from tests.unit.cli.healthy_account import DENIED, LIMITED_KEY, NOW, Account, Fault

ROOT = Path(__file__).parents[3]
CHECKS = {check.name: check for check in (*rounds.FIRST, *rounds.PLAIN, *rounds.DEEP)}


ASKS_AS_ANYBODY = "messages-unsigned"


def look(name: str, account: Account) -> Outcome:
    return rounds.outcome_of(lambda: CHECKS[name].look(account.reader()))


@pytest.mark.parametrize("name", CHECKS)
def test_a_healthy_account_is_ok(name):
    outcome = look(name, Account())
    assert (outcome.status, outcome.command) == ("ok", ""), outcome


def parameter(account, name, value):
    parameters = account.answers["cloudformation.DescribeStacks"]["Stacks"][0]["Parameters"]
    parameters[:] = [each for each in parameters if each["ParameterKey"] != name]
    parameters.append({"ParameterKey": name, "ParameterValue": value})


def output(account, name, value):
    outputs = account.answers["cloudformation.DescribeStacks"]["Stacks"][0]["Outputs"]
    outputs[:] = [each for each in outputs if each["OutputKey"] != name]
    if value is not None:
        outputs.append({"OutputKey": name, "OutputValue": value})


def status(account, value):
    account.answers["cloudformation.DescribeStacks"]["Stacks"][0]["StackStatus"] = value


def key(account, **changed):
    account.control["GET /keys"]["keys"].append(LIMITED_KEY | {"id": "key-2"} | changed)


def model(account, name, **changed):
    listed = account.control["GET /base-models"]["base_models"]
    next(each for each in listed if each["name"] == name).update(changed)


def quota(account, words, value):
    for row in account.answers["service-quotas.ListServiceQuotas"]["Quotas"]:
        if words in row["QuotaName"]:
            row["Value"] = value


def answer(operation, value):
    return lambda account: account.answers.update({operation: value})


def alarm(name, state):
    def change(account):
        for each in account.answers["cloudwatch.DescribeAlarms"]["MetricAlarms"]:
            if each["AlarmName"].endswith(name):
                each["StateValue"] = state

    return change


def renamed(account):
    for row in account.answers["service-quotas.ListServiceQuotas"]["Quotas"]:
        row["QuotaName"] = f"{row['QuotaName']} (new)"


def bare_bucket(account):
    rule = account.answers["s3.GetBucketEncryption"]["ServerSideEncryptionConfiguration"]["Rules"][0]
    rule["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": "AES256"}


def silent(topic):
    def subscriptions(asked):
        there = [] if asked["TopicArn"].endswith(topic) else [{"SubscriptionArn": "arn:aws:sns:x", "Protocol": "email"}]
        return {"Subscriptions": there}

    return answer("sns.ListSubscriptionsByTopic", subscriptions)


HELD = {"ReservedConcurrentExecutions": 0}
GONE = Fault("ResourceNotFoundException")
NO_HISTORY: dict[str, list[str]] = {"AlarmHistoryItems": []}
PENDING = {"Subscriptions": [{"SubscriptionArn": "PendingConfirmation", "Protocol": "email"}]}
FAILED_ACTION = {"HistoryItemType": "Action", "HistorySummary": "Failed to execute action: KMS", "Timestamp": NOW}
ILL = [
    # check, what breaks it, status, words, part of the command
    ("credentials", answer("sts.GetCallerIdentity", Fault("ExpiredToken")), "failed", "ExpiredToken", "aws configure"),
    ("region", lambda a: setattr(a, "region", None), "failed", "no Region is set", "export AWS_REGION=us-east-1"),
    ("region", lambda a: setattr(a, "region", "eu-central-1"), "failed", "eu-central-1", "export AWS_REGION="),
    (
        "stack",
        answer("cloudformation.DescribeStacks", Fault("ValidationError", 400, "Stack acme-tuning does not exist")),
        "failed",
        "there is no stack acme-tuning in us-east-1",
        "make deploy",
    ),
    (
        "stack",
        lambda a: status(a, "UPDATE_ROLLBACK_FAILED"),
        "failed",
        "UPDATE_ROLLBACK_FAILED",
        "describe-stack-events",
    ),
    ("stack", lambda a: status(a, "UPDATE_ROLLBACK_COMPLETE"), "attention", "ROLLBACK", "describe-stack-events"),
    ("stack", lambda a: output(a, "ControlApiUrl", None), "failed", "no output ControlApiUrl", ""),
    ("release", lambda a: output(a, "Release", None), "attention", "older than this command", "make deploy"),
    ("release", lambda a: output(a, "Release", "0.0.9"), "attention", "the stack is 0.0.9", "make deploy"),
    (
        "prices",
        lambda a: parameter(a, "Prices", "{}"),
        "attention",
        "nova-lite.training_per_1000_tokens",
        "make deploy",
    ),
    ("prices", lambda a: parameter(a, "MaxModelUnits", "1"), "attention", "nova-lite.model_unit_hour", "make deploy"),
    ("alarm-subscribers", silent("acme-tuning-AlarmTopic"), "attention", "AlarmTopicArn (money", "aws sns subscribe"),
    ("alarm-subscribers", silent("RoutineAlarmTopic"), "attention", "RoutineAlarmTopicArn", "aws sns subscribe"),
    ("alarm-subscribers", answer("sns.ListSubscriptionsByTopic", PENDING), "attention", "not confirmed", ""),
    ("subscriptions", answer("sns.ListSubscriptionsByTopic", PENDING), "attention", "2 subscriptions wait", ""),
    ("keys", lambda a: key(a, expires_at=None), "attention", "1 API keys have no end: key-2", "keys revoke key-2"),
    ("keys", lambda a: key(a, deployments=None), "attention", "no scope", "keys revoke key-2"),
    ("keys", lambda a: key(a, max_tokens=None), "attention", "no max_tokens", "keys revoke key-2"),
    ("keys", lambda a: key(a, requests_per_minute=None), "attention", "no requests_per_minute", "keys revoke"),
    ("reconcile-rule", answer("events.DescribeRule", {"State": "DISABLED"}), "failed", "switched off", "enable-rule"),
    ("lifecycle", lambda a: model(a, "nova-lite", trainable=False, missing=["gone"]), "failed", "gone", "make deploy"),
    (
        "lifecycle",
        lambda a: model(a, "nova-pro", lifecycle={"ends_at": (NOW + timedelta(days=30)).isoformat()}),
        "attention",
        "not for long: nova-pro",
        "",
    ),
    (
        "model-access",
        answer("bedrock.GetFoundationModelAvailability", {"authorizationStatus": "NOT_AUTHORIZED"}),
        "failed",
        "no access to nova-micro, nova-lite",
        "get-foundation-model-availability",
    ),
    ("quotas", lambda a: quota(a, "custom model deployments", 0.0), "attention", "is 0", "get-service-quota"),
    ("quotas", answer("service-quotas.ListServiceQuotas", {"Quotas": []}), "unknown", "lists none", ""),
    (
        "concurrency",
        answer(
            "lambda.GetAccountSettings",
            {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}},
        ),
        "attention",
        "10 of 10",
        "request-service-quota-increase",
    ),
    ("alarms", alarm("OrphansAlarm", "ALARM"), "failed", "ringing: OrphansAlarm", "describe-alarms"),
    (
        "alarms",
        alarm("ReconcileMissingAlarm", "INSUFFICIENT_DATA"),
        "failed",
        "nothing gives capacity back",
        "describe",
    ),
    ("alarms", answer("cloudwatch.DescribeAlarms", {"MetricAlarms": []}), "failed", "deleted: Dead", "make deploy"),
    (
        "dead-letters",
        answer("sqs.GetQueueAttributes", {"Attributes": {"ApproximateNumberOfMessages": "2"}}),
        "failed",
        "4 messages were given up on",
        "receive-message",
    ),
    ("bucket", bare_bucket, "failed", "encrypted with the stack's key", "make deploy"),
    ("bucket", answer("s3.GetBucketVersioning", {"Status": "Suspended"}), "failed", "versioned", "make deploy"),
    ("bucket", answer("s3.GetBucketPolicy", Fault("NoSuchBucketPolicy", 404)), "failed", "missing", "make deploy"),
    ("bucket", answer("s3.GetBucketPolicy", {"Policy": '{"Statement": []}'}), "failed", "TLS only", "make deploy"),
    ("bucket", answer("s3.GetBucketNotificationConfiguration", {}), "failed", "EventBridge", "make deploy"),
    (
        "bucket",
        answer("s3.GetPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
        "failed",
        "closed to the public",
        "make deploy",
    ),
    (
        "tables",
        answer("dynamodb.DescribeTable", {"Table": {"TableStatus": "ACTIVE"}}),
        "failed",
        "StateTable encrypted; AccessTable encrypted",
        "make deploy",
    ),
    (
        "tables",
        answer("dynamodb.DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}),
        "failed",
        "AccessTable forgets",
        "make deploy",
    ),
    ("roles", answer("iam.ListRolePolicies", {"PolicyNames": []}), "failed", "ReconcileRole has its policy", "make"),
    ("roles", answer("iam.ListAttachedRolePolicies", {"AttachedPolicies": [{}]}), "failed", "has no other", "make"),
    (
        "functions",
        answer("lambda.GetFunctionConcurrency", {"ReservedConcurrentExecutions": 0}),
        "failed",
        "may run",
        "make",
    ),
    ("functions", answer("lambda.GetFunctionConfiguration", {"State": "Failed"}), "failed", "Reconcile active", "make"),
    (
        "event-sources",
        answer("lambda.ListEventSourceMappings", {"EventSourceMappings": [{"State": "Disabled"}]}),
        "failed",
        "SpendQueue feeds SpendingRequestedFunction",
        "make deploy",
    ),
    ("rules", answer("events.ListTargetsByRule", {"Targets": []}), "failed", "UploadRule has a target", "make deploy"),
    ("throttles", answer("apigateway.GetStage", {}), "failed", "not throttled: ControlApi", "make deploy"),
    ("tuning-list", answer("bedrock.ListFoundationModels", {"modelSummaries": []}), "attention", "none of", ""),
    (
        "tuning-list",
        answer("bedrock.ListFoundationModels", {"modelSummaries": [{"modelId": "amazon.nova-lite-v1:0"}]}),
        "attention",
        "plain id: nova-lite",
        "",
    ),
    (
        "context-variants",
        answer("bedrock.GetFoundationModel", GONE),
        "attention",
        "no id",
        "",
    ),
    (
        "on-demand-ids",
        answer("bedrock.GetFoundationModel", {"modelDetails": {"inferenceTypesSupported": []}}),
        "attention",
        "by the plain id on demand: none",
        "",
    ),
    ("on-demand-ids", answer("bedrock.GetFoundationModel", GONE), "unknown", "none", ""),
    ("quota-names", renamed, "attention", "no quota is called: scheduled customization jobs", ""),
    (
        "alarm-history",
        answer("cloudwatch.DescribeAlarmHistory", NO_HISTORY),
        "unknown",
        "not changed",
        "",
    ),
    ("alarm-actions", answer("cloudwatch.DescribeAlarmHistory", NO_HISTORY), "unknown", "no alarm", ""),
    (
        "alarm-actions",
        answer("cloudwatch.DescribeAlarmHistory", {"AlarmHistoryItems": [FAILED_ACTION]}),
        "failed",
        "3 of 3 alarms reached no topic",
        "make deploy",
    ),
    ("function-logs", answer("logs.DescribeLogStreams", {"logStreams": []}), "unknown", "not written", ""),
    ("access-logs", answer("logs.DescribeLogStreams", {"logStreams": []}), "unknown", "no access log yet", ""),
    ("messages-unsigned", lambda a: setattr(a, "without_key", (502, {"message": "x"})), "failed", "gets 502", "make"),
    ("control-api", lambda a: a.control.update({"GET /base-models": Refused(403, {})}), "unknown", "execute-api", ""),
]


@pytest.mark.parametrize(("name", "breaks", "status", "words", "command"), ILL)
def test_an_illness_is_seen_and_its_remedy_named(name, breaks, status, words, command):
    account = Account()
    breaks(account)
    outcome = look(name, account)
    assert outcome.status == status, outcome
    assert words in outcome.seen
    assert command in outcome.command
    assert bool(command) == bool(outcome.command)


def test_every_check_can_find_something_to_mend():
    finds = {name for name, _, status, _, _ in ILL if status in {"attention", "failed"}}
    only_asks = {"control-api", "alarm-history", "function-logs", "access-logs"}
    assert set(CHECKS) - finds == only_asks


def test_a_key_that_is_revoked_or_past_needs_no_limits():
    account = Account()
    key(account, expires_at=None, revoked_at="2026-01-01T00:00:00Z")
    key(account, deployments=None, expires_at=(NOW - timedelta(days=1)).isoformat())
    assert look("keys", account).status == "ok"


def test_keys_of_a_release_without_limits_are_judged_by_what_it_knows():
    account = Account()
    old = {name: value for name, value in LIMITED_KEY.items() if name not in {"requests_per_minute", "max_tokens"}}
    account.control["GET /keys"]["keys"] = [old]
    assert look("keys", account).status == "ok"


def test_reconcile_has_ten_minutes_after_a_deploy():
    account = Account()
    just_now = datetime.now(UTC)  # noqa: TID251 - NOW may be over ten minutes old in a long run
    account.answers["cloudformation.DescribeStacks"]["Stacks"][0]["LastUpdatedTime"] = just_now
    alarm("ReconcileMissingAlarm", "INSUFFICIENT_DATA")(account)
    assert look("alarms", account).status == "unknown"


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"credentials", "region", ASKS_AS_ANYBODY}))
def test_a_missing_permission_is_unknown_and_named(name):
    account = Account()
    account.answers = dict.fromkeys(account.answers, DENIED)
    account.control = dict.fromkeys(account.control, Refused(403, {"code": "forbidden", "message": "no"}))
    outcome = look(name, account)
    assert outcome.status == "unknown"
    assert re.match(r"needs the permission [a-z0-9-]+:[A-Z]\w+", outcome.seen), outcome.seen


@pytest.mark.parametrize("operation", sorted(Account().answers))
@pytest.mark.parametrize("broken", [DENIED, Fault("ThrottlingException"), Fault("InternalFailure", 500), {}], ids=str)
def test_no_answer_of_aws_is_a_traceback(operation, broken):
    account = Account()
    account.answers[operation] = broken
    found = list(rounds.findings(account.reader(), deep=True, progress=lambda _: None))
    assert [finding.name for finding in found] == rounds.names(deep=True)


def test_what_the_emulator_does_not_serve_is_unknown_with_its_reason():
    account = Account()
    account.answers["bedrock.GetFoundationModelAvailability"] = Fault("UnknownOperationException", 400, "Not simulated")
    outcome = look("model-access", account)
    assert (outcome.status, "Not simulated" in outcome.seen) == ("unknown", True)


def test_without_credentials_nothing_else_is_asked():
    account = Account()
    account.answers["sts.GetCallerIdentity"] = Fault("InvalidClientTokenId")
    found = list(rounds.findings(account.reader(), deep=True, progress=lambda _: None))
    assert account.asked == ["sts.GetCallerIdentity"]
    assert [finding.outcome.status for finding in found] == ["ok", "failed"] + ["unknown"] * (len(found) - 2)
    assert exit_code(found) == 1


def test_what_is_only_unknown_is_nothing_to_mend():
    unknown = Finding("x", Outcome("unknown", "needs something"))
    assert exit_code([unknown, Finding("y", Outcome("ok", "well"))]) == 0
    assert exit_code([unknown, Finding("y", Outcome("attention", "well"))]) == 1


def test_every_check_only_reads():
    account = Account()
    for _ in rounds.findings(account.reader(), deep=True, progress=lambda _: None):
        pass
    verbs = {re.match("[A-Z][a-z]+", each.partition(".")[2]).group() for each in account.asked if "." in each}
    assert verbs == {"Get", "List", "Describe"}
    assert {each.split()[0] for each in account.asked if "." not in each} == {"GET"}


def test_a_reader_refuses_what_does_not_read():
    with pytest.raises(RuntimeError, match="sqs purge_queue does not only read"):
        Account().reader().ask("sqs", "purge_queue", QueueUrl="x")


# Commands that run as they are printed

RENAMED = {"--notification-endpoint": "endpoint"}
"""What the AWS CLI calls otherwise than the service does."""


@pytest.mark.parametrize(("name", "breaks"), [each[:2] for each in ILL if each[4]], ids=lambda each: str(each)[:20])
def test_a_command_can_be_run_as_it_is_printed(name, breaks):
    account = Account()
    breaks(account)
    program, *words = shlex.split(look(name, account).command)
    if words[0] == "configure":
        assert program == "aws"
    elif program == "aws":
        client = account.client(words[0])
        named = client.meta.method_to_api_mapping[words[1].replace("-", "_")]
        asked = client.meta.service_model.operation_model(named).input_shape
        given = {RENAMED.get(word, word[2:].replace("-", "_")) for word in words if word.startswith("--")}
        assert given <= {xform_name(member) for member in asked.members}
    elif program == "tunedrop":
        main.command_line(words).parse_args(words)
    elif program == "make":
        assert re.search(rf"(?m)^{words[0]}:", (ROOT / "Makefile").read_text("utf-8"))
    else:
        assert (program, words[0]) == ("export", "AWS_REGION=us-east-1")


# Facts


def shown_by():
    """What each unverified fact says of what would show it."""
    page = (ROOT / "docs" / "facts.md").read_text("utf-8")
    return re.findall(r"(?m)\| unverified: ([^|]+) \|$", page)


def test_every_unverified_fact_names_the_check_that_shows_it_or_says_what_alone_would():
    known = set(CHECKS) | {step.name for step in (*UPLOADING, *PAYING)}
    named = {words: re.match(r"`([a-z-]+)`(?:, |$)", words) for words in shown_by() if not words.startswith("only by ")}
    assert {words for words, found in named.items() if not found or found.group(1) not in known} == set()


def test_every_check_of_facts_is_named_by_one():
    named = " ".join(shown_by())
    assert [check.name for check in fact_checks.CHECKS if f"`{check.name}`" not in named] == []

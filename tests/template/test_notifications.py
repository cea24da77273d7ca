"""Where own events go: as JSON for programs, in words for people, and to a webhook if there is one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from tunedrop.domain.evaluation.evaluation_states import Conclusion, Evaluation, complete
from tunedrop.domain.reports import evaluation_notifications, evaluation_words
from tunedrop.domain.reports.notifications import Notification

from tests.template.stack import NAME, PSEUDO
from tests.template.wiring.rules import matches
from tests.unit.evaluation import asked
from tests.unit.reports import evaluations

SAID = 'Job 01hzz failed: Bedrock says "too few records"\nin C:\\train.jsonl <here>'
NEXT = "tunedrop jobs show 01hzz --set 'x=\"y\"'"


def event(kind="JobFailed"):
    """An own event as it is on the bus."""
    moment = datetime(2026, 11, 30, tzinfo=UTC)
    detail = Notification(kind, "4f2a", PSEUDO["AWS::StackId"], moment, SAID, NEXT).detail()
    return {"source": "tunedrop", "detail-type": kind, "detail": detail}


def filled(transformer, happened):
    """What EventBridge makes of an event: docs/facts.md#notifications."""
    values = {}
    for name, path in transformer["InputPathsMap"].items():
        value = happened
        for member in path.removeprefix("$.").split("."):
            value = value[member]
        values[name] = value
    literal = r'"(?:[^"\\]|\\.)*"'
    assert not [text for text in re.findall(literal, transformer["InputTemplate"]) if "<" in text], "not escaped there"
    return re.sub(r"<(\w+)>", lambda found: json.dumps(values[found[1]]), transformer["InputTemplate"])


@pytest.fixture
def targets(stack):
    return {each["Id"]: each for each in stack["NotificationRule"]["Targets"]}


def test_people_read_what_happened_in_words_that_amazon_q_developer_shows(targets):
    told = json.loads(filled(targets["PeopleTopic"]["InputTransformer"], event()))
    assert told == {
        "version": "1.0",
        "source": "custom",
        "id": "4f2a",
        "content": {"title": "JobFailed", "description": SAID, "nextSteps": [f"{NEXT} --stack-name {NAME}"]},
    }


def test_a_reader_of_mail_finds_one_member_a_line(targets):
    lines = filled(targets["PeopleTopic"]["InputTransformer"], event()).splitlines()
    assert [line.split(":")[0].strip() for line in lines if '": ' in line] == [
        '"version"', '"source"', '"id"', '"content"', '"title"', '"description"', '"nextSteps"',
    ]  # fmt: skip


def test_programs_get_the_event_as_it_is(targets):
    for name in set(targets) - {"PeopleTopic"}:
        assert not {"Input", "InputPath", "InputTransformer"} & set(targets[name])


def test_the_webhook_is_there_only_when_it_is_asked_for(stack, targets):
    asked = bool(stack.parameters["WebhookUrl"])
    assert ("Webhook" in targets) is asked
    assert bool(stack.of("AWS::Events::Connection", "AWS::Events::ApiDestination")) is asked
    assert ("WebhookRole" in stack.resources) is asked


def test_the_webhook_is_told_who_posts(stack):
    for destination in stack.of("AWS::Events::ApiDestination"):
        assert destination["InvocationEndpoint"] == stack.parameters["WebhookUrl"]
        assert destination["HttpMethod"] == "POST"
        assert destination["InvocationRateLimitPerSecond"] >= 1
        connection = stack.referred(destination["ConnectionArn"])
        assert connection["AuthorizationType"] == "API_KEY"
        assert {destination["Name"], connection["Name"]} == {f"{NAME}-webhook"}  # the deployer's policy names them so
        assert connection["AuthParameters"] == {
            "ApiKeyAuthParameters": {
                "ApiKeyName": "Authorization",
                "ApiKeyValue": stack.parameters["WebhookAuthorization"],
            }
        }


def test_an_address_is_subscribed_to_the_words_only_when_there_is_one(stack):
    address = stack.parameters["NotificationEmail"]
    subscribed = [each.properties for each in stack.of("AWS::SNS::Subscription")]
    wanted = {"TopicArn": "<PeopleTopic>", "Protocol": "email", "Endpoint": address}
    assert subscribed == ([wanted] if address else [])


def test_a_test_notification_goes_where_all_go(stack):
    assert matches(stack["NotificationRule"], event("TestNotification"))


def judged(verdict: str) -> Evaluation:
    """An ended evaluation with this verdict."""
    result = evaluations.result(verdict)
    found = Conclusion(
        result.declared.verdict, result.outcome, evaluation_words.summary(result), "reports/x/1/e/1.json"
    )
    return complete(asked.evaluation(400), found, datetime(2026, 11, 30, tzinfo=UTC))


@pytest.mark.parametrize("verdict", evaluations.COUNTS)
def test_each_form_that_people_are_told_an_evaluation_in_has_its_verdict_as_a_sentence(stack, targets, verdict):
    ended, result = judged(verdict), evaluations.result(verdict)
    told = evaluation_notifications.notification(ended, PSEUDO["AWS::StackId"], ended.ended_at, bucket="data")
    happened = {"source": "tunedrop", "detail-type": told.type, "detail": told.detail()}
    assert matches(stack["NotificationRule"], happened)
    said = {}
    for name, target in targets.items():
        changed = target.get("InputTransformer")
        whole = json.loads(filled(changed, happened)) if changed else json.loads(json.dumps(happened))
        said[name] = whole["content"]["description"] if changed else whole["detail"]["summary"]
    assert {"NotificationTopic", "PeopleTopic"} <= said.keys() <= {"NotificationTopic", "PeopleTopic", "Webhook"}
    for words in (evaluation_words.sentence(result.declared, result.margin), evaluation_words.gate(result)):
        assert words
        assert [name for name, text in said.items() if words not in text] == []

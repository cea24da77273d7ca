"""`tunedrop notifications test`: what is sent, and what is said of where it should arrive."""

from __future__ import annotations

import argparse
import json
from types import SimpleNamespace

import pytest
from tunedrop_cli import notifications
from tunedrop_cli.errors import Refused
from tunedrop_cli.stack import Stack

from tests.unit.cli.healthy_account import DENIED, OUTPUTS, Account

PEOPLE, PROGRAMS = OUTPUTS["PeopleTopicArn"], OUTPUTS["NotificationTopicArn"]
MAIL = {"SubscriptionArn": f"{PEOPLE}:1", "Protocol": "email", "Endpoint": "team@example.com"}
WAITS = {**MAIL, "SubscriptionArn": "PendingConfirmation", "Endpoint": "late@example.com"}


@pytest.fixture
def sent():
    """The entries that were put on the bus."""
    return []


@pytest.fixture
def account(sent):
    made = Account()

    def put(asked):
        sent.extend(asked["Entries"])
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    made.answers["events.PutEvents"] = put
    return subscribed(made)


def subscribed(account, *people):
    account.answers["sns.ListSubscriptionsByTopic"] = lambda asked: {
        "Subscriptions": list(people) if asked["TopicArn"] == PEOPLE else []
    }
    return account


@pytest.fixture
def run(account, capsys):
    def go():
        chosen = argparse.Namespace(stack_name="acme-tuning")
        code = notifications.try_them(Stack(chosen, SimpleNamespace(client=account.client)))
        return code, capsys.readouterr().out

    return go


def test_it_sends_one_event_of_this_stack(account, run, sent):
    run()
    (entry,) = sent
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], entry["DetailType"]) == ("tunedrop", "TestNotification")
    assert detail["stack"] == account.answers["cloudformation.DescribeStacks"]["Stacks"][0]["StackId"]
    assert detail["next_command"] == "tunedrop doctor --stack-name acme-tuning"
    assert "Nothing else happened" in detail["summary"]


def test_it_lists_who_should_hear_it_and_who_has_not_confirmed(account, run):
    subscribed(account, MAIL, WAITS)
    code, said = run()
    assert code == 0
    assert [line.split() for line in said.splitlines()[2:]] == [
        ["by", "protocol", "endpoint", "state"],
        ["PeopleTopicArn", "email", "team@example.com", "confirmed"],
        ["PeopleTopicArn", "email", "late@example.com", "not", "confirmed"],
    ]


def test_it_names_the_webhook_without_what_may_be_secret_in_its_address(account, run):
    (stack,) = account.answers["cloudformation.DescribeStacks"]["Stacks"]
    stack["Parameters"].append({"ParameterKey": "WebhookUrl", "ParameterValue": "https://hooks.example.com/a?token=b"})
    code, said = run()
    assert code == 0
    assert said.splitlines()[-1].split() == ["WebhookUrl", "https", "https://hooks.example.com/…", "confirmed"]


def test_where_nobody_hears_it_says_how_somebody_would(run):
    code, said = run()
    assert code == 1
    assert "try again: tunedrop notifications test" in said
    assert f"aws sns subscribe --topic-arn {PEOPLE} --protocol email" in said.splitlines()[-1]


def test_where_nobody_has_confirmed_it_says_so(account, run):
    subscribed(account, WAITS)
    code, said = run()
    assert code == 1
    assert "Nobody has confirmed yet" in said
    assert said.splitlines()[-1].split(maxsplit=1) == ["next", "tunedrop notifications test --stack-name acme-tuning"]


def test_what_the_bus_refuses_is_not_said_to_be_sent(account, run):
    failed = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    account.answers["events.PutEvents"] = {"FailedEntryCount": 1, "Entries": [failed]}
    with pytest.raises(Refused, match="ThrottlingException: slow down"):
        run()


def test_who_may_not_send_hears_of_it(account, run):
    account.answers["events.PutEvents"] = DENIED
    with pytest.raises(Exception, match="AccessDenied"):
        run()


def test_a_stack_of_somebody_else_gets_nothing(account, run, sent):
    account.answers["cloudformation.DescribeStacks"]["Stacks"][0]["Outputs"] = []
    with pytest.raises(Refused, match="not a stack of Tunedrop"):
        run()
    assert sent == []

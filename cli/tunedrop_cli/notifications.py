"""`tunedrop notifications test`: send a notification that tells of nothing, and say where it should arrive."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console
from tunedrop.domain.reports import next_commands, notifications
from tunedrop.domain.reports.notifications import SOURCE, Notification

from tunedrop_cli import stack, tables, text_report
from tunedrop_cli.errors import Refused
from tunedrop_cli.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

EPILOG = """examples:
  tunedrop notifications test                    it should arrive within a minute

It needs events:PutEvents for the source tunedrop, as docs/deployer-policy.json has it. Exit code 1: nobody can hear it.
"""
TOPICS = ("PeopleTopicArn", "NotificationTopicArn")
"""Outputs: in words, and as events."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where notifications go; an address that has not confirmed gets none."""

    of: str
    """The output of the topic, or the parameter of the webhook."""
    protocol: str
    endpoint: str
    confirmed: bool = True

    def row(self) -> tuple[str, ...]:
        """The cells of a table."""
        return self.of, self.protocol, self.endpoint, "confirmed" if self.confirmed else "not confirmed"


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop notifications`."""
    command.description, command.epilog = __doc__, EPILOG
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    test = actions.add_parser("test", help="send one as the stack itself would, with your own credentials")
    test.set_defaults(run=_test)
    stack.add_name_to(test)


def _test(chosen: argparse.Namespace) -> int:
    return try_them(Stack(chosen))


def try_them(deployed: Stack) -> int:
    """Send one and print where it should arrive; return 0, or 1 if nobody can hear it. Raises Refused."""
    places = [*_subscribers(deployed), *_webhook(deployed)]
    sent = notifications.of_test(deployed.description()["StackId"], datetime.now(UTC))
    _send(deployed, sent)
    screen = text_report.console()
    text_report.line(screen, f"{sent.type} was sent, event_id {sent.id}.")
    if places:
        text_report.line(screen, "It should arrive within a minute, where the state is confirmed:")
        tables.show(screen, ("by", "protocol", "endpoint", "state"), [each.row() for each in places])
    if any(each.confirmed for each in places):
        return 0
    _advise(screen, deployed, places)
    return 1


def _subscribers(deployed: Stack) -> Iterator[Place]:
    sns = deployed.session.client("sns")
    for output in TOPICS:
        yield from _of_topic(sns, output, deployed.output(output))


def _of_topic(sns: SNSClient, output: str, topic: str) -> Iterator[Place]:
    """Every subscription of a topic; one that waits has no ARN (docs/facts.md#notifications)."""
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for each in page["Subscriptions"]:
            confirmed = each["SubscriptionArn"].startswith("arn:")
            yield Place(output, each["Protocol"], each["Endpoint"], confirmed)


def _webhook(deployed: Stack) -> Iterator[Place]:
    """The webhook, without its path and query, which may be secret."""
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in deployed.description().get("Parameters", [])}
    if url := parameters.get("WebhookUrl"):
        yield Place("WebhookUrl", "https", f"https://{urlsplit(url).hostname}/…")


def _send(deployed: Stack, sent: Notification) -> None:
    """Put it on the bus. Raises Refused if the bus does."""
    answer = deployed.session.client("events").put_events(
        Entries=[{"Source": SOURCE, "DetailType": sent.type, "Detail": json.dumps(sent.detail())}]
    )
    if answer["FailedEntryCount"]:  # PutEvents answers 200 even so (docs/facts.md#event-delivery)
        failed = answer["Entries"][0]
        raise Refused(0, {"code": failed.get("ErrorCode"), "message": failed.get("ErrorMessage")})


def _advise(screen: Console, deployed: Stack, places: Sequence[Place]) -> None:
    """Say how somebody would come to hear of the next one."""
    again = next_commands.in_stack(next_commands.test_notifications(), deployed.description()["StackId"])
    if places:
        text_report.line(screen, "Nobody has confirmed yet: open the mail from AWS and follow its link.")
        text_report.next_step(screen, again)
        return
    text_report.line(screen, f"Nobody hears it. Subscribe an address that you read, confirm, and try again: {again}")
    topic = deployed.output(TOPICS[0])
    command = f'aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint "$EMAIL"'
    text_report.next_step(screen, command)

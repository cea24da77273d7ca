"""Checks of the stack: whole, of this release, heard and braked, with prices, and with keys that have limits."""

from __future__ import annotations

import json
import shlex
import time
from datetime import UTC, datetime
from typing import Any

from tunedrop import __version__

from tunedrop_cli.doctor.outcomes import Check, Missing, Outcome, attention, failed, ok, unknown
from tunedrop_cli.doctor.reading import Reader

PRICES_PAGE = "https://aws.amazon.com/bedrock/pricing/"
ALARM_TOPICS = {"AlarmTopicArn": "money and data", "RoutineAlarmTopicArn": "bad files and what passes"}
LIMITS = ("requests_per_minute", "max_tokens")
"""Of a key, in releases that know them."""
RECONCILE_RULE = "ReconcileFunctionEveryFiveMinutes"


def stack(reader: Reader) -> Outcome:
    """Whether the stack is there and whole."""
    try:
        found = reader.deployed()
    except Missing:
        return failed(f"there is no stack {reader.name} in {reader.region}", command="make deploy")
    command = f"aws cloudformation describe-stack-events --stack-name {shlex.quote(reader.name)}"
    seen = f"{reader.name}: {found.status} since {found.changed_at:%Y-%m-%d %H:%M} UTC"
    values = {"status": found.status}
    if found.status.endswith("_FAILED") or found.status in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}:
        return failed(seen, command=command, values=values)
    if found.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}:
        return attention(seen, command=command, values=values)
    if missing := {"ControlApiUrl", "MessagesApiUrl", "DataBucketName"} - set(found.outputs):
        return failed(f"{reader.name} is not a stack of Tunedrop: no output {', '.join(sorted(missing))}")
    return ok(seen, values=values)


def release(reader: Reader) -> Outcome:
    """Whether the stack and this command are of one release."""
    there = reader.deployed().outputs.get("Release")
    if there is None:
        return attention("the stack is older than this command: it has no output Release", command="make deploy")
    if there != __version__:
        return attention(f"the stack is {there}, this command {__version__}", command="make deploy")
    return ok(f"{there}, as this command", values={"release": there})


def control_api(reader: Reader) -> Outcome:
    """Whether ControlApi answers a signed request."""
    before = time.monotonic()
    count = len(reader.base_models())
    milliseconds = round(1000 * (time.monotonic() - before))
    return ok(f"answers, with {count} base models", values={"milliseconds": milliseconds})


def prices(reader: Reader) -> Outcome:
    """Whether the prices are set that caps and estimates in money need."""
    parameters = reader.deployed().parameters
    known = json.loads(parameters.get("Prices") or "{}")
    units = parameters.get("MaxModelUnits", "0") != "0"
    wanted = [
        f"{each['name']}.{price}"
        for each in reader.base_models()
        if each["trainable"]
        for price in ("training_per_1000_tokens", "model_unit_hour")
        if price == "training_per_1000_tokens" or (units and "provisioned_throughput" in each["serving"])
    ]
    values = {"known": sorted(known), "currency": parameters.get("Currency", "")}
    if unset := [price for price in wanted if price not in known]:
        advice = (
            f"Costs of these are shown as unknown. Give Prices their prices in {values['currency']}, from {PRICES_PAGE}"
        )
        return attention(f"no price of {', '.join(unset)}", advice, "make deploy", values={**values, "unset": unset})
    return ok(f"{len(known)} prices in {values['currency']}", values=values)


def alarm_subscribers(reader: Reader) -> Outcome:
    """Whether somebody hears the alarms."""
    silent: list[str] = []
    waiting: list[str] = []
    counts: dict[str, int] = {}
    for output, what in ALARM_TOPICS.items():
        topic = reader.output(output)
        there = reader.every("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
        confirmed = [each for each in there if each["SubscriptionArn"].startswith("arn:")]
        counts[output] = len(confirmed)
        if not there:
            silent.append(f"{output} ({what})")
        elif not confirmed:
            waiting.append(f"{output} ({what})")
    if silent:
        topic = reader.output(silent[0].split()[0])
        command = f'aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint "$EMAIL"'
        return attention(
            f"nobody hears {', '.join(silent)}", "EMAIL is an address that you read.", command, values=counts
        )
    if waiting:
        return attention(f"not confirmed: {', '.join(waiting)}", "Open the mail from AWS and confirm.", values=counts)
    return ok("both alarm topics have a subscriber", values=counts)


def keys(reader: Reader) -> Outcome:
    """Whether each API key that works is bounded: to deployments, in time and in calls."""
    loose = {key["id"]: why for key in _active(reader) if (why := _unbounded(key))}
    if not loose:
        return ok("every API key that works has limits")
    first = next(iter(loose))
    kinds = sorted({why for each in loose.values() for why in each})
    advice = "Give each of its users a new key with limits (tunedrop keys create), then revoke it."
    command = f"tunedrop keys revoke {first} --stack-name {shlex.quote(reader.name)}"
    return attention(
        f"{len(loose)} API keys have {', '.join(kinds)}: {', '.join(loose)}", advice, command, values={"keys": loose}
    )


def _active(reader: Reader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = reader.get("/keys", limit=100, **({"cursor": cursor} if cursor else {}))
        found += [key for key in page["keys"] if not key["revoked_at"] and not _is_past(key["expires_at"])]
        cursor = page["cursor"] or ""
        if not cursor:
            return found


def _is_past(moment: str | None) -> bool:
    return moment is not None and datetime.fromisoformat(moment) <= datetime.now(UTC)


def _unbounded(key: dict[str, Any]) -> list[str]:
    """Which limits a key lacks. Releases differ in the limits that they know: an absent one is none of theirs."""
    lacking = [f"no {name}" for name in LIMITS if name in key and not key[name]]
    if key["deployments"] is None:
        lacking.append("no scope")
    if key["expires_at"] is None:
        lacking.append("no end")
    return lacking


def reconcile_rule(reader: Reader) -> Outcome:
    """Whether the rule that starts `reconcile`, which gives capacity back, is on."""
    name = reader.resource(RECONCILE_RULE)
    state = reader.ask("events", "describe_rule", Name=name)["State"]
    if state != "ENABLED":
        seen = "reconcile is switched off: what expires is not given back"
        return failed(seen, command=f"aws events enable-rule --name {name}")
    return ok("reconcile runs every five minutes")


def not_reached(reason: str) -> Outcome:
    """The outcome of a check that was not made because another failed."""
    return unknown(f"not looked at: {reason}")


CHECKS = (
    Check("stack", stack),
    Check("release", release),
    Check("control-api", control_api),
    Check("prices", prices),
    Check("alarm-subscribers", alarm_subscribers),
    Check("keys", keys),
    Check("reconcile-rule", reconcile_rule),
)

"""`--deep`: what only an account can show of the facts that docs/facts.md calls unverified. Only reads.

A check here is `ok` where AWS does what the code takes for granted, `attention` where it does something else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from http.client import HTTPException
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel, catalogue
from tunedrop.domain.training import account_quotas

from tunedrop_cli.doctor import account_checks
from tunedrop_cli.doctor.outcomes import CannotTell, Check, Missing, Outcome, attention, failed, ok
from tunedrop_cli.doctor.reading import Reader
from tunedrop_cli.doctor.resource_checks import FUNCTIONS

TELL_US = "docs/facts.md says otherwise: please send us the report."
QUOTAS_BY_NAME = (account_quotas.JOBS, account_quotas.CUSTOM_MODELS, "total custom model deployments")
MODEL_UNITS = "model units per provisioned model for "


def tuning_list(reader: Reader) -> Outcome:
    """By which ids Bedrock lists what it tunes."""
    answer = reader.ask("bedrock", "list_foundation_models", byCustomizationType="FINE_TUNING")
    ids = {each["modelId"] for each in answer["modelSummaries"]}
    forms = {model.name: _form(model, ids) for model in account_checks.here(reader)}
    values = {"forms": forms, "listed": sorted(ids)}
    plain = [name for name, form in forms.items() if form == "plain id"]
    if plain:
        return attention(f"listed by the plain id: {', '.join(plain)}", TELL_US, values=values)
    if not any(form == "with context suffix" for form in forms.values()):
        return attention("none of this Region's base models is listed", TELL_US, values=values)
    return ok("listed by the id with its context suffix, as far as listed", values=values)


def _form(model: BaseModel, ids: set[str]) -> str:
    if model.customization_id in ids:
        return "with context suffix"
    return "plain id" if model.inference_id in ids else "not listed"


def context_variants(reader: Reader) -> Outcome:
    """Which ids GetFoundationModel knows."""
    known = {
        model.name: {each: _details(reader, each) is not None for each in (model.customization_id, model.inference_id)}
        for model in account_checks.here(reader)
    }
    values = {"known": known}
    if lost := [name for name, ids in known.items() if not any(ids.values())]:
        return attention(f"GetFoundationModel knows no id of {', '.join(lost)}", TELL_US, values=values)
    variants = sum(next(iter(ids.values())) for ids in known.values())
    return ok(f"GetFoundationModel knows {variants} of {len(known)} ids with context suffix", values=values)


def on_demand_ids(reader: Reader) -> Outcome:
    """Which base models answer on demand by their plain ids, and which through an inference profile alone."""
    types: dict[str, Sequence[str]] = {}
    for model in account_checks.here(reader):
        if details := _details(reader, model.inference_id):
            types[model.name] = details.get("inferenceTypesSupported", [])
    if not types:
        raise CannotTell("GetFoundationModel knows none of the plain ids")
    values = {"inference_types": types}
    plain = [name for name, each in types.items() if "ON_DEMAND" in each]
    expected = [name for name in types if catalogue()[name].inference_profile is None]
    if plain != expected:
        return attention(f"by the plain id on demand: {', '.join(plain) or 'none'}", TELL_US, values=values)
    return ok(f"{', '.join(plain)} answer on demand by the plain id, as expected", values=values)


def _details(reader: Reader, model_id: str) -> dict[str, Any] | None:
    try:
        return dict(reader.ask("bedrock", "get_foundation_model", modelIdentifier=model_id)["modelDetails"])
    except Missing:
        return None


def quota_names(reader: Reader) -> Outcome:
    """Whether the quotas are called what the code looks for, with their codes and values."""
    rows = reader.quotas()
    found = {row["QuotaName"].lower(): row for row in rows}
    of_models = [row for name, row in found.items() if name.startswith(MODEL_UNITS)]
    absent = [name for name in QUOTAS_BY_NAME if name not in found] + ([] if of_models else [f"{MODEL_UNITS}…"])
    shown = [found[name] for name in QUOTAS_BY_NAME if name in found]
    shown += [row for name, row in found.items() if "model units" in name]
    values = {"quotas": [_quota(row) for row in shown]}
    if absent:
        return attention(f"no quota is called: {', '.join(absent)}", TELL_US, values=values)
    return ok(f"{len(shown)} quotas are called what the code looks for", values=values)


def _quota(row: dict[str, Any]) -> dict[str, Any]:
    fields = {"code": "QuotaCode", "name": "QuotaName", "value": "Value", "adjustable": "Adjustable"}
    return {name: row.get(key) for name, key in fields.items()}


def alarm_history(reader: Reader) -> Outcome:
    """How ReconcileMissingAlarm came from its first state to the present one."""
    changes = [json.loads(each["HistoryData"]) for each in _history(reader, ["ReconcileMissingAlarm"], "StateUpdate")]
    states = [change["newState"]["stateValue"] for change in changes if "newState" in change]
    if not set(states) - {"INSUFFICIENT_DATA"}:
        raise CannotTell("ReconcileMissingAlarm has not changed its state yet")
    if "ALARM" in states[:1]:
        return attention("its first state was ALARM", TELL_US, values={"states": states})
    return ok(f"ReconcileMissingAlarm went {' → '.join(states)}", values={"states": states})


def alarm_actions(reader: Reader) -> Outcome:
    """Whether the alarms could publish to their encrypted topics."""
    names = [logical for logical in reader.resources() if logical.endswith("Alarm")]
    actions = [each["HistorySummary"] for each in _history(reader, names, "Action")]
    if not actions:
        raise CannotTell("no alarm has published anything yet")
    if broken := [words for words in actions if not words.startswith("Successfully")]:
        advice = "The key's policy or the topic's may not allow cloudwatch.amazonaws.com."
        return failed(f"{len(broken)} of {len(actions)} alarms reached no topic: {broken[0]}", advice, "make deploy")
    return ok(f"{len(actions)} alarms reached their topics", values={"published": len(actions)})


def _history(reader: Reader, alarms: Iterable[str], kind: str) -> list[dict[str, Any]]:
    """The history of alarms, oldest first."""
    found = []
    for logical_id in alarms:
        name = reader.resource(logical_id)
        items = reader.ask("cloudwatch", "describe_alarm_history", AlarmName=name, HistoryItemType=kind)
        found += [each for each in items["AlarmHistoryItems"] if each["HistoryItemType"] == kind]
    return sorted(found, key=lambda each: str(each["Timestamp"]))


def function_logs(reader: Reader) -> Outcome:
    """Whether functions could write to their encrypted log groups."""
    written: dict[str, bool] = {}
    for each in FUNCTIONS:
        group = reader.resource(f"{each}LogGroup")
        streams = reader.ask("logs", "describe_log_streams", logGroupName=group, limit=1)["logStreams"]
        written[each] = bool(streams)
    if not written["Reconcile"]:
        raise CannotTell("reconcile has not written to its log yet; it runs every five minutes")
    quiet = [name for name, wrote in written.items() if not wrote]
    return ok(
        f"encrypted logs have lines of {len(written) - len(quiet)} of {len(written)} functions",
        values={"not_yet": quiet},
    )


def access_logs(reader: Reader) -> Outcome:
    """Whether API Gateway writes access logs with the account's role."""
    group = reader.resources().get("ApiAccessLogGroup")
    if group is None:
        raise CannotTell("the stack writes no access logs (AccessLogs, ManageApiGatewayLogging)")
    if not reader.ask("logs", "describe_log_streams", logGroupName=group, limit=1)["logStreams"]:
        raise CannotTell("there is no access log yet")
    return ok("API Gateway writes access logs")


def messages_unsigned(reader: Reader) -> Outcome:
    """Whether MessagesApi's function starts and streams its answer: a call without a key gets 401 in our own words."""
    try:
        status, body = reader.post_without_key()
    except (OSError, HTTPException, ValueError) as error:
        return failed(f"POST /v1/messages without a key gets no answer in JSON: {error}", command="make deploy")
    kind = body.get("error", {}).get("type") if isinstance(body, dict) else None
    if (status, kind) != (401, "authentication_error"):
        advice = "Deploy with MessagesResponse=BUFFERED, and send us the report."
        return failed(
            f"POST /v1/messages without a key gets {status} {kind}", advice, "make deploy", values={"status": status}
        )
    return ok("POST /v1/messages without a key gets 401")


CHECKS = (
    Check("tuning-list", tuning_list),
    Check("context-variants", context_variants),
    Check("on-demand-ids", on_demand_ids),
    Check("quota-names", quota_names),
    Check("alarm-history", alarm_history),
    Check("alarm-actions", alarm_actions),
    Check("function-logs", function_logs),
    Check("access-logs", access_logs),
    Check("messages-unsigned", messages_unsigned),
)

"""Checks of the account: credentials, Region, what Bedrock offers, quotas, room for functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tunedrop.domain.base_models.catalogue import BaseModel, catalogue
from tunedrop.domain.training import account_quotas
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.errors import CapExceeded

from tunedrop_cli.doctor.outcomes import CannotTell, Check, Outcome, attention, failed, ok, unknown
from tunedrop_cli.doctor.reading import Reader

ENDS_SOON = timedelta(days=180)
LEAST_UNRESERVED = 100
"""What Lambda keeps unreserved of an account's concurrency."""
ROOM_WANTED = 10
"""More than the functions that give capacity back ever need at once."""
MORE_CONCURRENCY = (
    "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
    "--desired-value 1000"
)
FACTORS = {
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


def credentials(reader: Reader) -> Outcome:
    """Whether AWS knows who asks."""
    try:
        who = reader.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        by_sso = "sso" in type(error).__name__.lower() or "sso" in str(error).lower()
        return failed(f"AWS accepts no credentials: {error}", command="aws sso login" if by_sso else "aws configure")
    return ok(f"{who['Arn']}")


def region(reader: Reader) -> Outcome:
    """Whether a base model can be tuned in the Region of this shell."""
    trained: dict[str, list[str]] = {}
    for model in catalogue().values():
        for each in model.regions:
            trained.setdefault(each, []).append(model.name)
    if reader.region in trained:
        return ok(f"{reader.region}: {', '.join(trained[reader.region])}")
    seen = f"no base model is tuned in {reader.region}" if reader.region else "no Region is set"
    advice = "; ".join(f"{each} tunes {', '.join(names)}" for each, names in sorted(trained.items()))
    return failed(seen, advice, f"export AWS_REGION={min(trained)}")


def lifecycle(reader: Reader) -> Outcome:
    """What Bedrock tunes here today, and for how long."""
    listed = {each["name"]: each for each in reader.base_models()}
    default = reader.settings().get("TUNEDROP_DEFAULT_BASE_MODEL", "")
    here = [name for name, each in listed.items() if each["trainable"]]
    reasons = {name: " ".join(each["missing"]) for name, each in listed.items() if each["missing"]}
    values = {"trainable": here, "not": reasons}
    if default not in here:
        why = reasons.get(default, "it is no base model of this release") if default else "none is set"
        advice = f"Deploy with DefaultBaseModel={here[0]}." if here else "No base model can be tuned here today."
        return failed(f"the default base model {default} can't be tuned: {why}", advice, "make deploy", values=values)
    if ending := [name for name in here if _ends_soon(listed[name]["lifecycle"])]:
        dates = ", ".join(f"{name} ({listed[name]['lifecycle']['ends_at'][:10]})" for name in ending)
        return attention(f"tuned here, but not for long: {dates}", "Plan for another base model.", values=values)
    return ok(f"tuned here today: {', '.join(here)}; default {default}", values=values)


def _ends_soon(stages: Mapping[str, Any] | None) -> bool:
    ends: str | None = (stages or {}).get("ends_at")
    return ends is not None and datetime.fromisoformat(ends) - datetime.now(UTC) < ENDS_SOON


def here(reader: Reader) -> Iterable[BaseModel]:
    """The base models that are tuned in this Region, by what this release knows."""
    return (model for model in catalogue().values() if reader.region in model.regions)


def model_access(reader: Reader) -> Outcome:
    """Whether the account may use the base models of this Region."""
    closed: dict[str, Any] = {}
    for model in here(reader):
        answer = reader.ask("bedrock", "get_foundation_model_availability", modelId=model.inference_id)
        wrong = {name: answer.get(name) for name, wanted in FACTORS.items() if answer.get(name) != wanted}
        if wrong:
            closed[model.name] = wrong
    if not closed:
        return ok("the account may use every base model of this Region")
    first = catalogue()[next(iter(closed))]
    command = f"aws bedrock get-foundation-model-availability --model-id {first.inference_id}"
    advice = "Ask for access in the Bedrock console, Model access, in this Region."
    default = reader.settings().get("TUNEDROP_DEFAULT_BASE_MODEL")
    say = failed if default in closed else attention
    return say(f"no access to {', '.join(closed)}", advice, command, values={"closed": closed})


def quotas(reader: Reader) -> Outcome:
    """Whether the account's quotas allow a job and its deployment on the default base model."""
    listed = [
        Quota(row["QuotaCode"], row["QuotaName"], row["Value"], row.get("Adjustable", False))
        for row in reader.quotas()
        if "Value" in row
    ]
    values = {quota.name: quota.value for quota in listed if _matters(quota)}
    model = catalogue().get(reader.settings().get("TUNEDROP_DEFAULT_BASE_MODEL", ""))
    if model is None:
        return unknown("the stack has no default base model that this release knows", values=values)
    serving = model.serving[0]
    units = 0 if serving == "on_demand" else 1
    try:
        account_quotas.check(listed, model, DeploymentWish("doctor", serving, units, None))
    except CapExceeded as cap:
        code = cap.details["quota_code"]
        command = f"aws service-quotas get-service-quota --service-code bedrock --quota-code {code}"
        return attention(cap.message.replace(" Nothing was started.", ""), command=command, values=values)
    if not values:
        raise CannotTell("Service Quotas lists none of the quotas that matter here")
    return ok(f"a job and a deployment of {model.name} fit the account's quotas", values=values)


def _matters(quota: Quota) -> bool:
    name = quota.name.lower()
    return (
        name in {account_quotas.JOBS, account_quotas.CUSTOM_MODELS} or "custom model" in name or "model units" in name
    )


def concurrency(reader: Reader) -> Outcome:
    """Whether the account's functions have room, and enough of it to reserve some for those that give back."""
    limits = reader.ask("lambda", "get_account_settings")["AccountLimit"]
    whole, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    room = max(0, free - LEAST_UNRESERVED)
    values = {"concurrent_executions": whole, "unreserved": free, "reservable": room}
    seen = f"{free} of {whole} concurrent executions are unreserved"
    if room >= ROOM_WANTED:
        return ok(f"{seen}: there is room to reserve up to {room}", values=values)
    advice = (
        f"Nothing can be reserved: Lambda keeps {LEAST_UNRESERVED}. All functions of the account share what is there."
    )
    return attention(seen, advice, MORE_CONCURRENCY, values=values)


CHECKS = (
    Check("lifecycle", lifecycle),
    Check("model-access", model_access),
    Check("quotas", quotas),
    Check("concurrency", concurrency),
)

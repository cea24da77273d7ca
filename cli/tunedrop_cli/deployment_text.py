"""Deployments, and plans for them, in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, gate_text, local_times, tables, text_report

Deployment = Mapping[str, Any]
MAY_BE_ANSWERED = timedelta(minutes=6)
"""After a call was taken (docs/api.md)."""
DRAINING = "calls that it took are answered first, for six minutes at most; --now cuts them off"
ENDED = frozenset({"Released", "Failed"})
COLUMNS = ("deployment", "state", "served by", "units", "an hour", "so far", "left", "last call", "data", "base model")

_DOES = {
    "create": "makes it",
    "adopt": "adopts capacity that exists; nothing is bought",
    "swap": "swaps its model in place",
    "replace": "buys a second unit, which takes over once it is Ready, or its gate passed; both are billed until then",
    "withdraw": "withdraws the second unit that is on its way",
    "renew": "renews it",
    "shorten": "ends it earlier",
    "idle": "changes when it is released for want of calls",
    "adjust": "changes what becomes of it when the budget is exceeded",
}


def row(found: Deployment) -> tuple[str, ...]:
    """One deployment of a list, under COLUMNS."""
    return (
        found["name"],
        found["state"],
        way(found),
        _units(found),
        amounts.money(found["hourly_cost"], found["currency"]) if _by_the_hour(found) else "by the token",
        amounts.money(found["cost_so_far"], found["currency"]) if _by_the_hour(found) else "-",
        left(found),
        last_call(found),
        f"{found['dataset']}@{found['version']}",
        found["base_model"],
    )


def _by_the_hour(found: Deployment) -> bool:
    """Whether it, or what is or was beside it, bills so; what calls on demand cost, nobody here counts."""
    return bool(found["model_units"] or found["second_unit"] or found["cost_so_far"])


def whole(screen: Console, found: Deployment, *, gate: Iterable[tuple[str, str]] = (), history: bool = True) -> None:
    """Everything that is known of a deployment, and of its gate; without its history where that was told."""
    number = found["model_units"] + (found["second_unit"]["model_units"] if found["second_unit"] else 0)
    hour = amounts.money(found["hourly_cost"], found["currency"])
    units = f"by the hour, {counted(number, 'model unit')}: {hour} an hour"
    goes_on = found["state"] not in ENDED
    tables.facts(
        screen,
        [
            ("deployment", found["name"]),
            ("state", found["state"]),
            *gate,
            ("served by", way(found)),
            ("billed", units if number else "by the token"),
            ("cost so far", amounts.money(found["cost_so_far"], found["currency"]) if _by_the_hour(found) else ""),
            ("until", local_times.shown(found["expires_at"]) if goes_on and found["expires_at"] else ""),
            ("left", left(found) if goes_on and found["expires_at"] else ""),
            ("idle stop", idle_stop(found) if goes_on else ""),
            ("last call", last_call(found)),
            ("commitment", _commitment(found)),
            ("approval", _approval(found)),
            ("over budget", "released" if found.get("on_budget") == "release" else ""),
            ("job", found["job_id"]),
            ("job before", found["previous_job_id"] or ""),
            ("base model", f"{found['base_model']}, tuned on {found['dataset']}@{found['version']}"),
            ("arn", found["arn"] or ""),
            ("beside it", _beside(found) if found["second_unit"] else ""),
            ("owner", found["owner"]),
            ("why", found["failure"] or ""),
        ],
    )
    if not history:
        return
    text_report.line(screen)
    rows = ((local_times.shown(entry["time"]), entry["state"], entry["note"]) for entry in found["history"])
    tables.show(screen, ("time", "state", ""), rows)
    if found["acts"]:
        text_report.line(screen)
        tables.show(screen, ("time", "done", "generation", "by", "request"), map(_act, found["acts"]))


def _commitment(found: Deployment) -> str:
    """The term that it is bought for, what that costs, and until when nobody can end it."""
    if not found.get("commitment"):
        return ""
    until = found["committed_until"]
    ends = f", until {local_times.shown(until)}" if until else ""
    cost = amounts.money(found["term_cost"], found["currency"])
    return f"{found['commitment'].replace('_', ' ')}{ends}; {cost} in all, at most"


def _approval(found: Deployment) -> str:
    """Who asked for it, and who approved it or until when somebody may."""
    approval = found.get("approval")
    if not approval:
        return ""
    if approval["approved_at"]:
        when = local_times.shown(approval["approved_at"])
        return f"by {approval['approved_by']}, {when}: {approval['reason']}; asked for by {approval['asked_by']}"
    return f"asked for by {approval['asked_by']}; can be approved until {local_times.shown(approval['expires_at'])}"


def _units(found: Deployment) -> str:
    both = [found["model_units"], *([found["second_unit"]["model_units"]] if found["second_unit"] else [])]
    return " + ".join(str(units) for units in both) if any(both) else "-"


def _beside(found: Deployment) -> str:
    """The unit that may be billed beside the one that serves."""
    unit = found["second_unit"]
    does = "is to take over" if unit["generation"] > found["generation"] else "is being given back"
    billed = f"; {amounts.money(unit['hourly_cost'], found['currency'])} an hour" if unit["model_units"] else ""
    return f"generation {unit['generation']}, of job {unit['job_id']}, {does} ({unit['state']}){billed}"


def _act(act: Mapping[str, Any]) -> tuple[str, ...]:
    when, did = local_times.shown(act["time"]), act["did"].replace("_", " ")
    return when, did, str(act["generation"]), act["by"], act["request_id"] or "-"


def plan(screen: Console, found: Mapping[str, Any]) -> None:
    """What a request would do and cost."""
    cost, currency = found["cost"], found["cost"]["currency"]
    does = ", ".join(_DOES.get(change, change) for change in found["changes"])
    tables.facts(
        screen,
        [
            ("deployment", found["name"]),
            ("is", found["state"] or "not there yet"),
            ("this", does or "changes nothing: it is so already"),
            ("serves", f"{found['model']}, of job {found['job_id']}"),
            ("base model", f"{found['base_model']}, tuned on {found['dataset']}@{found['version']}"),
            ("served by", way(found)),
            ("model units", str(found["model_units"] or "")),
            ("commitment", (found.get("commitment") or "").replace("_", " ")),
            ("until", _until(found["expires_at"])),
            ("idle stop", idle_stop(found)),
            ("costs an hour", amounts.money(cost["hour"], currency)),
            (
                "of both",
                "" if found["hour_of_both"] is None else f"{amounts.money(found['hour_of_both'], currency)} an hour",
            ),
            ("a day", amounts.money(cost["day"], currency) if found["model_units"] else ""),
            ("until its end", amounts.money(cost["until_end"], currency) if found["model_units"] else ""),
            ("and", "" if found["model_units"] else "what its calls cost, by the token"),
            *gate_text.facts(found.get("evaluation")),
            *budget(found),
            ("quotas", "; ".join(f"{quota['name']}: {quota['value']:g}" for quota in found["quotas"])),
            *(("know", words) for words in found.get("advice") or ()),
        ],
    )
    gate_text.warnings(screen, found.get("evaluation"))


def release_plan(screen: Console, planned: Mapping[str, Any]) -> None:
    """What the release of a deployment would end."""
    found, callers = planned["deployment"], planned["callers"]
    if not planned["changes"]:
        text_report.line(screen, f"Nothing to end: {found['name']} is {found['state']}.")
        return
    hour = amounts.money(found["hourly_cost"], found["currency"])
    used = [f"{each['name']}, {_used(each['last_used_at'])}" for each in callers]
    tables.facts(
        screen,
        [
            ("deployment", f"{found['name']}, {found['state']}"),
            ("this", "ends it; its custom model stays"),
            ("served by", way(found)),
            ("billed", f"by the hour: {hour} an hour" if found["model_units"] else "by the token"),
            ("cost so far", amounts.money(found["cost_so_far"], found["currency"]) if found["model_units"] else ""),
            ("would end", _until(found["expires_at"])),
            ("last call", last_call(found)),
            ("", DRAINING if _was_called_lately(found) else ""),
            ("owner", found["owner"]),
            ("may be called by", used[0] if used else "no API key that works"),
            *(("", each) for each in used[1:]),
        ],
    )


def draining(screen: Console, found: Deployment) -> None:
    """Say why a release takes minutes, where it does."""
    if found["state"] == "Releasing" and _was_called_lately(found):
        text_report.line(screen, f"{found['name']} was called {last_call(found)}: {DRAINING}.")


def _was_called_lately(found: Deployment) -> bool:
    called = found.get("last_called_at")
    return called is not None and datetime.now(UTC) - local_times.parsed(called) < MAY_BE_ANSWERED


def _used(moment: str | None) -> str:
    return f"last used {local_times.shown(moment)}" if moment else "never used"


def _until(moment: str | None) -> str:
    if moment is None:
        return "when somebody deletes it"
    return f"{local_times.shown(moment)}, in {local_times.lasted(local_times.parsed(moment) - datetime.now(UTC))}"


def budget(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a plan would take of the month's budget; nothing where there is none."""
    told = found.get("budget")
    if not told:
        return []
    used = f"{amounts.money(told['used'], told['currency'])} of {amounts.money(told['budget'], told['currency'])}"
    return [
        ("budget", f"{used} spent or reserved in {told['month']}"),
        ("takes of it", _takes(told)),
    ]


def _takes(told: Mapping[str, Any]) -> str:
    now = f"{amounts.money(told['takes'], told['currency'])} at most"
    later = told["takes_next"]
    return f"{now}, and {amounts.money(later, told['currency'])} of the next month's" if later else now


def left(found: Deployment) -> str:
    """How long it has to go; a dash if it has ended or has no end."""
    if found["expires_at"] is None or found["state"] in ENDED:
        return "-"
    return local_times.lasted(local_times.parsed(found["expires_at"]) - datetime.now(UTC))


def idle_stop(found: Mapping[str, Any]) -> str:
    """After how long without calls it is released."""
    minutes = found.get("idle_minutes")
    return f"after {minutes} minutes without a call" if minutes else ""


def last_call(found: Deployment) -> str:
    """How long ago it was last called through the Messages API."""
    if found.get("last_called_at") is None:
        return "none yet"
    return f"{local_times.lasted(datetime.now(UTC) - local_times.parsed(found['last_called_at']))} ago"


def way(found: Mapping[str, Any]) -> str:
    """The way it is served."""
    return str(found["serving"]).replace("_", " ")

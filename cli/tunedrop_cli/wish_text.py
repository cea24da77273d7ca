"""The deployment that a job wishes for, in words: what it costs until its end, and how it goes live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, gate_text


def goes_live(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The deployment that is to be made, what it costs, and what decides whether it goes live."""
    wish = found.get("deployment")
    return [("deployment", deployed(wish)), *gate_text.facts(found.get("evaluation"))] if wish else []


def deployed(wish: Mapping[str, Any]) -> str:
    """A deployment that is wished for, and until when it is billed."""
    units = counted(wish["model_units"], "model unit")
    billed = f"{units}, billed by the hour" if wish["model_units"] else "billed by the token"
    until = f", released after {wish['hours']} h" if wish["hours"] else ""
    return f"{wish['name']}, {wish['serving'].replace('_', ' ')}, {billed}{until}{_until_its_end(wish)}"


def _until_its_end(wish: Mapping[str, Any]) -> str:
    """What it costs by the hour; nothing on demand, and of a plan that does not say."""
    cost = wish.get("cost")
    if not wish["model_units"] or not cost:
        return ""
    if cost["hour"] is None:
        return ": unknown (no price)"
    hour, whole = (amounts.money(cost[name], cost["currency"]) for name in ("hour", "until_end"))
    return f": {hour} an hour, {whole} until its end"


def way(found: Mapping[str, Any]) -> str:
    """A way to serve, and how it is billed."""
    return f"{found['serving'].replace('_', ' ')} ({_hourly(found)})"


def _hourly(way: Mapping[str, Any]) -> str:
    if way["serving"] == "on_demand":
        return "billed by the token"
    price = way.get("model_unit_hour")
    return (
        f"{amounts.money(price, way['currency'])} an hour" if price is not None else "billed by the hour, price not set"
    )

"""`tunedrop costs`: what training, capacity, stored models and evaluations have cost, by the stack's prices."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from tunedrop.domain.texts import spreadsheets
from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, local_times, stack, tables, text_report
from tunedrop_cli.errors import WrongUsage

EPILOG = """examples:
  tunedrop costs                                   this month's charges, of UTC
  tunedrop costs --by deployment
  tunedrop costs --from 2026-10-01 --to 2026-11-01 --csv > october.csv
"""
COLUMNS = ("what", "of", "began", "ended", "units", "quantity", "price", "cost", "owner")
FIELDS = (
    "kind", "deployment", "job_id", "dataset", "version", "base_model", "owner", "tags", "began", "ended",
    "model_units", "quantity", "unit", "price", "amount", "currency", "name",
)  # fmt: skip
"""Of a line of CSV, in their order."""
UNITS = {
    "thousand_tokens": "thousand tokens",
    "model_unit_hours": "hours of a unit",
    "model_months": "months",
    "thousand_input_tokens": "thousand tokens in",
    "thousand_output_tokens": "thousand tokens out",
}
_LEAST = 0.0001

Charge = Mapping[str, Any]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop costs`."""
    command.description, command.epilog = __doc__, EPILOG
    command.add_argument("--from", dest="since", metavar="TIME", help="default: the beginning of this UTC month")
    command.add_argument("--to", dest="until", metavar="TIME", help="default: now")
    command.add_argument("--by", choices=("deployment", "owner", "dataset", "tag"), help="add up by this")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print ControlApi's answer as JSON")
    form.add_argument("--csv", action="store_true", help="print one line for each charge, for a spreadsheet")
    command.set_defaults(run=_costs)
    stack.add_to(command)


def _costs(chosen: argparse.Namespace) -> int:
    asked = {"from": _moment(chosen.since), "to": _moment(chosen.until), "by": chosen.by}
    found = stack.Stack(chosen).api().get("/costs", **{name: value for name, value in asked.items() if value})
    if chosen.json:
        return text_report.as_json(found)
    if chosen.csv:
        for line in lines(found):
            print(line)
        return 0
    _show(text_report.console(), chosen.by, found)
    return 0


def _show(screen: Console, by: str | None, found: Mapping[str, Any]) -> None:
    if by and found["charges"]:
        rows = (_group(each, found["currency"]) for each in found["groups"])
        tables.show(screen, (by, "cost", "charges", "without a price"), rows)
    elif found["charges"]:
        tables.show(screen, COLUMNS, (_row(each, found["currency"]) for each in found["charges"]), spare=4)
    text_report.line(screen, f"{_total(found)} from {_utc(found['since'])} to {_utc(found['until'])}, estimated.")


def _utc(moment: str) -> str:
    """In UTC, as months are counted."""
    return f"{local_times.parsed(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _total(found: Mapping[str, Any]) -> str:
    total = found["total"]
    words = f"In all {amounts.money(total['amount'], found['currency'])}"
    if total["amount"] is None:
        return f"{words}, as no price is set for {counted(total['unknown'], 'charge')},"
    return f"{words}, and what {total['unknown']} without a price cost," if total["unknown"] else words


def _group(each: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    cost = amounts.money(each["amount"], currency)
    return (each["key"] or "none", cost, str(each["charges"]), str(each["unknown"] or "-"))


def _row(each: Charge, currency: str) -> tuple[str, ...]:
    quantity = f"{_quantity(each['quantity'])} {UNITS[each['unit']]}"
    return (
        each["kind"],
        _of(each),
        local_times.shown(each["began"]),
        local_times.shown(each["ended"]) if each["ended"] else "goes on",
        str(each["model_units"] or "-"),
        quantity,
        amounts.price(each["price"]),
        amounts.money(each["amount"], currency),
        each["owner"],
    )


def _of(each: Charge) -> str:
    """What was paid for. An evaluation asks a deployment or a base model."""
    trained = f"{each['dataset']}@{each['version']}"
    return str(each["deployment"] or (each["base_model"] if each["kind"] == "evaluation" else trained))


def _quantity(known: float | None) -> str:
    if known is None:
        return "unknown"
    return "<0.0001" if 0 < known < _LEAST else f"{known:,.4f}".rstrip("0").rstrip(".")


def lines(found: Mapping[str, Any]) -> Iterable[str]:
    """The charges as CSV with a header; what is unknown is empty, never 0, and no cell is a spreadsheet's formula."""
    yield spreadsheets.line(FIELDS)
    for each in found["charges"]:
        tags = ";".join(f"{name}={value}" for name, value in sorted(each["tags"].items()))
        row = {**each, "tags": tags, "currency": found["currency"]}
        yield spreadsheets.line(row[name] for name in FIELDS)


def _moment(text: str | None) -> str | None:
    """A day is its beginning in UTC, as budgets count; a time without a zone is one of this machine's."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{text!r} is no time; write 2026-11-01, or 2026-11-01T18:00:00Z") from None
    is_day = len(text) == len("2026-11-01")
    return (found.replace(tzinfo=UTC) if is_day else found.astimezone(UTC)).isoformat()

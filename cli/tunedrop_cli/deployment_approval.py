"""`tunedrop deployments approve`: a commitment that another person asked for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from tunedrop.domain.reports import next_commands

from tunedrop_cli import deployment_text, keyed, stack, text_report
from tunedrop_cli.paths import place

TERMS = ("one_month", "six_months")


def add_to(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the action; returns its parser."""
    approve = actions.add_parser(
        "approve", help="approve a commitment that another person asked for; it is bought then, for its whole term"
    )
    approve.add_argument("--term", choices=TERMS, required=True, help="the term once more, as it was asked for")
    approve.add_argument("--reason", required=True, metavar="WORDS", help="why, for whoever reads of it later")
    approve.add_argument(
        "--plan-id",
        metavar="ID",
        required=True,
        help="approve exactly this plan, which `tunedrop deployments show` names",
    )
    keyed.add_to(approve)
    approve.set_defaults(run=_approve)
    return approve


def ask(chosen: argparse.Namespace, screen: Console, found: Mapping[str, Any]) -> None:
    """Say what another person types, if the deployment waits for an approval."""
    approval = found.get("approval")
    if found["state"] != "Creating" or approval is None or approval["approved_at"] is not None:
        return
    command = next_commands.approve_deployment(found["name"], found["commitment"], approval["plan_id"])
    text_report.line(screen, "Nothing is bought before another person has approved it:")
    text_report.next_step(screen, stack.again(chosen, command))


def _approve(chosen: argparse.Namespace) -> int:
    api, path = stack.Stack(chosen).api(), place("deployments", chosen.deployment, "approve")
    body = {"term": chosen.term, "reason": chosen.reason, "plan_id": chosen.plan_id}
    with keyed.request(chosen, "It may be approved all the same. To learn that:") as key:
        approved = api.post(path, body, idempotency_key=key)
    if chosen.json:
        return text_report.as_json(approved)
    deployment_text.whole(text_report.console(), approved, history=False)
    return 0

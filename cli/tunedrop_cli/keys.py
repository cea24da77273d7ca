"""`tunedrop keys create|list|revoke`: API keys for the Messages API of a stack."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tunedrop.domain.messages import api_key

from tunedrop_cli import listings, stack, text_report
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

EVERY_DEPLOYMENT = "*"
LIMITS = (
    ("requests_per_minute", int, "how often it may call"),
    ("tokens_per_minute", int, "the tokens, in and out, of its calls in a minute"),
    ("tokens_per_day", int, "the same, in a day of UTC"),
    ("tokens_per_month", int, "the same, in a month"),
    ("cost_per_minute", float, "what its calls may cost in a minute, where they have a price"),
    ("cost_per_day", float, "the same, in a day of UTC"),
    ("cost_per_month", float, "the same, in a month"),
    ("max_tokens", int, "the most max_tokens of one call"),
    ("max_input_tokens", int, "the most tokens that one call may send, estimated"),
)
"""Fields of a key, and flags."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop keys`."""
    command.description = __doc__
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create a key and print its secret, this once, to standard output")
    create.add_argument("--name", required=True, help="who or what will use it")
    scope = create.add_mutually_exclusive_group(required=True)
    scope.add_argument(
        "--deployment", action="append", metavar="NAME", help="a deployment it may call; may be repeated"
    )
    scope.add_argument("--all-deployments", action="store_true", help="it may call all of them, later ones too")
    create.add_argument("--days", type=_days, help=f"when it expires; default: {api_key.DEFAULT_LIFE.days}")
    for name, kind, meaning in LIMITS:
        default = getattr(api_key.DEFAULT_LIMITS, name)
        none = f"default: {default}" if default else "default: no limit"
        create.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=f"{meaning}; {none}")
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="list all keys, newest first")
    listing.add_argument("--json", action="store_true", help="print ControlApi's answers as JSON")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="revoke a key, from its next call on")
    revoke.add_argument("id", help="the key's id, as `tunedrop keys list` shows it")
    revoke.set_defaults(run=_revoke)
    for action in (create, listing, revoke):
        stack.add_to(action)


def _create(chosen: argparse.Namespace) -> int:
    body = {
        "name": chosen.name,
        "deployments": EVERY_DEPLOYMENT if chosen.all_deployments else chosen.deployment,
        "expires_at": (datetime.now(UTC) + chosen.days).isoformat() if chosen.days else None,
        **{name: getattr(chosen, name) for name, *_ in LIMITS},
    }
    made = _api(chosen).post("/keys", {name: value for name, value in body.items() if value is not None})
    _say(f"key {made['id']} ({made['name']}) for {_scope(made)}")
    _say(f"expires {made['expires_at']}; {_limits(made)}")
    _say("this is the only time its secret is shown:")
    print(made["secret"], flush=True)
    return 0


def _list(chosen: argparse.Namespace) -> int:
    keys = listings.every(_api(chosen), "/keys")
    if chosen.json:
        return text_report.as_json(keys)
    for key in keys:
        print(_row(key))
    return 0


def _revoke(chosen: argparse.Namespace) -> int:
    revoked = _api(chosen).delete(place("keys", chosen.id))
    _say(f"key {revoked['id']} ({revoked['name']}) was revoked at {revoked['revoked_at']}")
    return 0


def _row(key: dict[str, Any]) -> str:
    used = f"used {key['last_used_at']}" if key["last_used_at"] else "never used"
    ends = f"expires {key['expires_at']}" if key["expires_at"] else "never expires"
    name = json.dumps(key["name"], ensure_ascii=False)
    return f"{key['id']}  {_state(key):<8} {key['created_at']}  {_scope(key)}  {name}  {ends}, {used}, {_limits(key)}"


def _state(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return "revoked"
    ends = key["expires_at"]
    return "expired" if ends and datetime.fromisoformat(ends) <= datetime.now(UTC) else "active"


def _scope(key: dict[str, Any]) -> str:
    return "all deployments" if key["deployments"] == EVERY_DEPLOYMENT else ",".join(key["deployments"])


def _limits(key: dict[str, Any]) -> str:
    """The limits that it has; stacks of earlier releases know fewer."""
    told = [f"{key[name]} {name}" for name, *_ in LIMITS if key.get(name) is not None]
    return ", ".join(told)


def _days(text: str) -> timedelta:
    most = api_key.LONGEST_LIFE.days
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {most}")
    return timedelta(days=int(text))


def _api(chosen: argparse.Namespace) -> ControlApi:
    return stack.Stack(chosen).api()


def _say(text: str) -> None:
    print(text, file=sys.stderr)

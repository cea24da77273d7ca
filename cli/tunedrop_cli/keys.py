"""`tunedrop keys create|list|revoke`: API keys for the Messages API of a stack."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from tunedrop_cli import stack

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop keys`."""
    command.description = __doc__
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create a key and print its secret, this once, to standard output")
    create.add_argument("--name", required=True, help="who or what will use it")
    create.add_argument("--deployment", action="append", help="a deployment it may call; may be repeated; default: all")
    create.set_defaults(run=_create)
    listing = actions.add_parser("list", help="list all keys, newest first")
    listing.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="revoke a key, from its next call on")
    revoke.add_argument("id", help="the key's id, as `tunedrop keys list` shows it")
    revoke.set_defaults(run=_revoke)
    for action in (create, listing, revoke):
        stack.add_to(action)


def _create(chosen: argparse.Namespace) -> int:
    body = {"name": chosen.name, "deployments": chosen.deployment}
    made = _api(chosen).post("/keys", {name: value for name, value in body.items() if value is not None})
    _say(f"key {made['id']} ({made['name']}); this is the only time its secret is shown:")
    print(made["secret"])
    return 0


def _list(chosen: argparse.Namespace) -> int:
    api, cursor = _api(chosen), ""
    while True:
        page = api.get("/keys", limit=100, **({"cursor": cursor} if cursor else {}))
        for key in page["keys"]:
            print(_row(key))
        cursor = page["cursor"] or ""
        if not cursor:
            return 0


def _revoke(chosen: argparse.Namespace) -> int:
    revoked = _api(chosen).delete(f"/keys/{chosen.id}")
    _say(f"key {revoked['id']} ({revoked['name']}) was revoked at {revoked['revoked_at']}")
    return 0


def _row(key: dict[str, Any]) -> str:
    state = "revoked" if key["revoked_at"] else "active"
    scope = ",".join(key["deployments"]) if key["deployments"] else "all deployments"
    return f"{key['id']}  {state:<8} {key['created_at']}  {scope}  {json.dumps(key['name'], ensure_ascii=False)}"


def _api(chosen: argparse.Namespace) -> ControlApi:
    return stack.Stack(chosen).api()


def _say(text: str) -> None:
    print(text, file=sys.stderr)

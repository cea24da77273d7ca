"""The command that deploys the stack again, where it stands: `make deploy` is about an account of AWS."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from tunedrop_cli.doctor.outcomes import Finding
from tunedrop_cli.doctor.reading import Reader

ON_AWS = "make deploy"
_TO_FILL_IN = "PRICE"
"""No number, so that nobody sets by pasting what nobody chose: the template refuses it."""


def here(finding: Finding, reader: Reader) -> Finding:
    """The finding with the command that mends it in the embedded cloud, if that is what this shell speaks to."""
    outcome = finding.outcome
    if outcome.command != ON_AWS or not _is_embedded():
        return finding
    words = ["tunedrop", "local", "up", "--region", reader.region, "--stack-name", reader.name]
    if unset := outcome.values.get("unset"):
        known = json.loads(reader.deployed().parameters.get("Prices") or "{}", parse_float=Decimal, parse_int=Decimal)
        members = [f'"{name}": {price:f}' for name, price in known.items()] + [f'"{unset[0]}": {_TO_FILL_IN}']
        words += ["--parameter", f"Prices={{{', '.join(members)}}}"]
    return replace(finding, outcome=replace(outcome, command=shlex.join(words)))


def _is_embedded() -> bool:
    """By the variable that leads every AWS tool there."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in {"127.0.0.1", "localhost", "::1"}

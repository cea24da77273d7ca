"""Seam: fills variables like `${aws:PrincipalTag/team}` in policies, which MiniStack takes for literal text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ministack.core import iam_evaluator

from tunedrop_local.adapter import seams

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def install() -> None:
    """Fills each statement's variables before MiniStack evaluates it."""
    first_match = seams.original(iam_evaluator, "_first_match", "ctx", "stmts", "effect")
    seams.original(iam_evaluator, "_resolve_condition_key", "key", "ctx")

    def first_filled(ctx: Any, statements: Iterable[Any], effect: str) -> Any:
        return first_match(ctx, [known for each in statements if (known := filled(each, ctx)) is not None], effect)

    seams.replace(iam_evaluator, "_first_match", first_filled)


def filled(statement: Any, ctx: Any) -> Any:
    """The statement with the request's own values, None if the request lacks one: IAM calls it invalid then."""
    written = json.dumps([statement.resources, statement.not_resources, statement.conditions])
    names = set(_VARIABLE.findall(written))
    if not names:
        return statement
    values = {name: iam_evaluator._resolve_condition_key(name, ctx) for name in names}
    if not all(isinstance(value, str) for value in values.values()):
        return None
    text = _VARIABLE.sub(lambda found: json.dumps(values[found[1]])[1:-1], written)
    resources, not_resources, conditions = json.loads(text)
    return replace(statement, resources=resources, not_resources=not_resources, conditions=conditions)

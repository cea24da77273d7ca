"""Check a request's hyperparameters against the base model's ranges. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel, Hyperparameter
from tunedrop.errors import InvalidInput

# Bounded digits: however long the text in a request, converting it stays cheap.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?")


def resolve(base_model: BaseModel, given: Mapping[str, Any]) -> Mapping[str, str]:
    """Every hyperparameter of the base model, given or default, as the strings that Bedrock expects.

    One that Bedrock may not know (`sent_by_default`) is there only if it is given.
    Accepts JSON numbers and plain decimal strings (docs/facts.md#hyperparameters). Raises InvalidInput naming the
    field, its range and its default.
    """
    known = {hyperparameter.name: hyperparameter for hyperparameter in base_model.hyperparameters}
    for name in given:
        if name not in known:
            raise InvalidInput(
                "unknown_hyperparameter",
                f"{base_model.name} has no hyperparameter {name[:80]!r}. Allowed: {', '.join(known)}.",
                field=f"hyperparameters.{name[:80]}",
                allowed=list(known),
            )
    return {
        name: _text(_value(hyperparameter, given[name]) if name in given else hyperparameter.default)
        for name, hyperparameter in known.items()
        if name in given or hyperparameter.sent_by_default
    }


def _value(hyperparameter: Hyperparameter, given: Any) -> Decimal:
    value = _number(hyperparameter, given)
    if value is None:
        raise _invalid(hyperparameter, "hyperparameter_type", f"takes {_kind(hyperparameter)}, not {_shown(given)}")
    if not hyperparameter.minimum <= value <= hyperparameter.maximum:
        raise _invalid(hyperparameter, "hyperparameter_out_of_range", f"can't be {_text(value)}")
    return value


def _number(hyperparameter: Hyperparameter, given: Any) -> Decimal | None:
    if isinstance(given, bool):
        return None
    pattern = _INTEGER if hyperparameter.type == "integer" else _NUMBER
    if isinstance(given, str):
        return Decimal(given) if pattern.fullmatch(given) else None
    if isinstance(given, int):
        return Decimal(given)
    if isinstance(given, float) and hyperparameter.type == "number":
        value = Decimal(repr(given))  # repr: 0.1 stays 0.1, not the nearest binary fraction
        return value if value.is_finite() else None
    return None


def _invalid(hyperparameter: Hyperparameter, code: str, what: str) -> InvalidInput:
    minimum, maximum, default = (
        _text(value) for value in (hyperparameter.minimum, hyperparameter.maximum, hyperparameter.default)
    )
    return InvalidInput(
        code,
        f"{hyperparameter.name} {what}. Allowed: {minimum} to {maximum}, both included; default {default}.",
        field=f"hyperparameters.{hyperparameter.name}",
        minimum=minimum,
        maximum=maximum,
        default=default,
        type=hyperparameter.type,
    )


def _kind(hyperparameter: Hyperparameter) -> str:
    if hyperparameter.type == "integer":
        return "a whole number such as 2 (or the text of one)"
    return "a number such as 0.5 (or the text of one, without an exponent)"


def _shown(given: Any) -> str:
    """The value in at most 40 characters; containers by kind only."""
    match given:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[given]
        case str():
            return f"the text {given[:40]!r}"
        case int() | float():
            return repr(given)[:40]
        case _:
            return "a list or an object"


def _text(value: Decimal) -> str:
    """Decimal notation without an exponent or trailing zeros, at most 40 characters."""
    text = f"{value:f}"
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return plain[:40] or "0"

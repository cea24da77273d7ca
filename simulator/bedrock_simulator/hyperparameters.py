"""Validate a job's hyperparameters and fill in defaults (docs/facts.md#hyperparameters)."""

import math
import re
from collections.abc import Mapping

from bedrock_simulator.errors import ServiceError, invalid
from bedrock_simulator.foundation_models import Family, Hyperparameter

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def checked(family: Family, given: Mapping[str, str]) -> dict[str, float]:
    """Return every hyperparameter of the family as a number. Raises ValidationException for a bad name or value."""
    unknown = sorted(set(given) - set(family.hyperparameters))
    if unknown:
        allowed = ", ".join(family.hyperparameters)
        raise invalid(f"Unsupported hyperparameter: {unknown[0]}. Supported are: {allowed}.")
    return {
        name: _number(name, given[name], rule) if name in given else rule.default
        for name, rule in family.hyperparameters.items()
    }


def _number(name: str, text: str, rule: Hyperparameter) -> float:
    if rule.type == "integer" and not _INTEGER.fullmatch(text):
        raise invalid(f"Hyperparameter {name} must be an integer: '{text}'.")
    try:
        number = float(text)
    except ValueError:
        raise invalid(f"Hyperparameter {name} must be a number: '{text}'.") from None
    if not (math.isfinite(number) and rule.minimum <= number <= rule.maximum):
        raise _out_of_range(name, text, rule)
    return number


def _out_of_range(name: str, text: str, rule: Hyperparameter) -> ServiceError:
    bounds = f"{rule.minimum:g} and {rule.maximum:g}"
    return invalid(f"Hyperparameter {name} must be between {bounds}, but is '{text}'.")

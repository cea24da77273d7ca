"""A result or the one error that may come instead of it; any other error fails the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tunedrop.domain.messages.api_errors import ApiError

Value = TypeVar("Value")


def result_of(run: Callable[[], Value]) -> Value | ApiError:
    """What `run` gives, or the ApiError that it raises."""
    try:
        return run()
    except ApiError as error:
        return error

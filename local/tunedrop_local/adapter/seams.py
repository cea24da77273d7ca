"""Replaces private functions of MiniStack; raises if one is missing or takes other arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

SUPPORTED = "1.5.33"


class SeamMissing(RuntimeError):
    """This MiniStack is not the version that the adapter was written for."""


def check_version() -> None:
    """Raises SeamMissing unless the pinned MiniStack is installed."""
    from importlib.metadata import version

    if (found := version("ministack")) != SUPPORTED:
        raise SeamMissing(f"ministack {found} is installed; the adapter knows only {SUPPORTED}")


def original(module: Any, name: str, *parameters: str) -> Callable[..., Any]:
    """Returns MiniStack's own function. Raises SeamMissing unless its parameters begin with these names."""
    found = getattr(module, name, None)
    if not callable(found):
        raise SeamMissing(f"{module.__name__}.{name} is gone")
    if (actual := tuple(inspect.signature(found).parameters))[: len(parameters)] != parameters:
        raise SeamMissing(f"{module.__name__}.{name} takes {actual}, not {parameters}")
    return cast("Callable[..., Any]", found)


def replace(module: Any, name: str, replacement: Callable[..., Any], *parameters: str) -> None:
    """Replaces the function that `original(module, name, *parameters)` returns. Raises SeamMissing."""
    original(module, name, *parameters)
    setattr(module, name, replacement)

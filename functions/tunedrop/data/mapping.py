"""Other names for prompt, completion and system: keys or columns of a file, as `dataset.toml` or the CLI maps them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which field or column is what. Fields that are not named are left out, which the report counts."""

    prompt: str
    completion: str
    system: str | None = None

"""`[job]` and `[deployment]` of `dataset.toml`: whether and how a job starts on its own. Parsed here, checked later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from tunedrop.domain.base_models.catalogue import SPLITS, OnBudget, Serving, Split
from tunedrop.domain.records.defects import shown
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.toml_tables import TomlTable, is_number

Start = Literal["on_accept", "manual"]

JOB_KEYS = ("start", "splits", "base_model", "hyperparameters")
DEPLOYMENT_KEYS = ("name", "serving", "model_units", "hours", "idle_minutes", "on_budget")


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The content of `[job]`; hyperparameter ranges are checked only when a job is planned."""

    start: Start = "manual"
    splits: tuple[Split, ...] = ("train",)
    """The splits that a version must hold before it may start a job on its own."""
    base_model: str | None = None
    hyperparameters: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeploymentSettings:
    """The content of `[deployment]`; None fields default from the base model and the stack."""

    name: str
    serving: Serving | None = None
    model_units: int | None = None
    hours: int | None = None
    idle_minutes: int | None = None
    on_budget: OnBudget | None = None


def read_job(table: TomlTable, known_models: Sequence[str]) -> JobSettings:
    """Parse `[job]`; an unusable value becomes a defect and its default."""
    base_model = table.text("base_model", "the name of a base model")
    if base_model is not None and base_model not in known_models:
        table.complain("unknown_base_model", unknown_model(base_model, known_models), "base_model")
        base_model = None
    return JobSettings(
        start=table.choice("start", get_args(Start)) or "manual",
        splits=_splits(table),
        base_model=base_model,
        hyperparameters=_hyperparameters(table),
    )


def _splits(table: TomlTable) -> tuple[Split, ...]:
    wanted = table.words("splits", _SPLITS, SPLITS.__contains__)
    if table.values.get("splits") == []:
        table.wrong("splits", _SPLITS)
    return tuple(split for split in SPLITS if split in wanted) or ("train",)


def _hyperparameters(table: TomlTable) -> Mapping[str, str | int | float]:
    value = table.values.get("hyperparameters", {})
    if isinstance(value, dict) and all(isinstance(item, str) or is_number(item) for item in value.values()):
        return value
    table.wrong("hyperparameters", "a table of names with numbers, such as { epochCount = 3 }")
    return {}


def read_deployment(table: TomlTable, known_models: Sequence[str]) -> DeploymentSettings | None:
    """Parse `[deployment]`; None, with a defect, if it has no valid name."""
    found = DeploymentSettings(
        name=table.text("name", _NAME, lambda name: object_keys.is_name(name) and name not in known_models) or "",
        serving=table.choice("serving", get_args(Serving)),
        model_units=table.whole("model_units"),
        hours=table.whole("hours"),
        idle_minutes=table.whole("idle_minutes"),
        on_budget=table.choice("on_budget", get_args(OnBudget)),
    )
    if "name" not in table.values:
        table.wrong("name", _NAME)
    return found if found.name else None


_SPLITS = f"a list with one or more of {', '.join(SPLITS)}"
_NAME = f"a name of {object_keys.NAME_PATTERN} with at most {object_keys.MAX_NAME} characters that no base model has"


def unknown_model(name: str, known: Sequence[str]) -> str:
    """The message for a name that is not a base model."""
    return f"{shown(name)} is not a base model; allowed: {', '.join(known)}."

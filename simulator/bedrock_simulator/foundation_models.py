"""The base models of the service, read from foundation_models.toml, and how requests name them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from bedrock_simulator.configuration import ValidationLayout

Format = Literal["messages", "conversation", "prompt_completion"]
INFERENCE_PROFILE_PREFIXES = ("us.", "eu.", "apac.", "global.")


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """The range of one hyperparameter, inclusive."""

    type: Literal["integer", "float"]
    minimum: float
    maximum: float
    default: float


@dataclass(frozen=True, slots=True)
class Family:
    """What the models of a family share: record format, limits, reserved words, hyperparameters."""

    format: Format
    minimum_records: int
    maximum_records: int
    tokens_per_record: int
    validation_layout: ValidationLayout
    reserved: tuple[str, ...]
    hyperparameters: Mapping[str, Hyperparameter]
    maximum_training_records: int | None = None
    maximum_validation_records: int | None = None
    minimum_counts_both: bool = False
    takes_validation: bool = True
    takes_reasoning: bool = False
    minimum_validation_records: int = 0
    media: tuple[str, ...] = ()
    file_names: str = ".+"


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """One base model; `id` is called on demand, `customization_id` is trained and provisioned."""

    id: str
    context: str
    name: str
    provider: str
    family: Family
    customization_regions: tuple[str, ...]
    provisioned_regions: tuple[str, ...]
    serving: tuple[str, ...]
    modalities: tuple[str, ...] = field(default=("TEXT",))

    @property
    def customization_id(self) -> str:
        """The id with its context suffix."""
        return f"{self.id}:{self.context}"

    @property
    def publisher(self) -> str:
        """The first part of the id, which selects the body format of InvokeModel."""
        return self.id.partition(".")[0]


def _family(row: Mapping[str, Any]) -> Family:
    hyperparameters = {name: Hyperparameter(**bounds) for name, bounds in row["hyperparameters"].items()}
    lists = {key: tuple(row.get(key, ())) for key in ("reserved", "media")}
    return Family(**{**row, **lists, "hyperparameters": hyperparameters})


@cache
def catalogue() -> tuple[FoundationModel, ...]:
    """Every base model, in the order of the file."""
    text = files("bedrock_simulator").joinpath("foundation_models.toml").read_text("utf-8")
    document = tomllib.loads(text)
    families = {name: _family(row) for name, row in document["families"].items()}
    lists = ("customization_regions", "provisioned_regions", "serving")
    return tuple(
        FoundationModel(**{**row, "family": families[row["family"]]} | {key: tuple(row[key]) for key in lists})
        for row in document["models"]
    )


def find(identifier: str) -> FoundationModel | None:
    """Find the model of an id or foundation-model ARN, with or without context suffix."""
    wanted = identifier.rpartition("foundation-model/")[2]
    return next((m for m in catalogue() if wanted in {m.id, m.customization_id}), None)


def find_for_inference(identifier: str) -> FoundationModel | None:
    """Find the model that an on-demand id, ARN or inference profile calls. Ids with a context suffix are not such."""
    wanted = identifier.rpartition("/")[2]
    for prefix in INFERENCE_PROFILE_PREFIXES:
        wanted = wanted.removeprefix(prefix)
    return next((model for model in catalogue() if model.id == wanted), None)


def arn(model_id: str, region: str) -> str:
    """The ARN of a foundation model, whose account is empty (docs/facts.md#arns)."""
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"

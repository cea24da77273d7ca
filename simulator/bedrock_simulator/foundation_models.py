"""The base models of the service, read from foundation_models.toml, and how requests name them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from bedrock_simulator.configuration import ValidationLayout

Format = Literal["messages", "conversation", "prompt_completion"]
REGIONS_OF_PROFILES: Final[Mapping[str, tuple[str, ...]]] = {"us": ("us-east-1", "us-east-2", "us-west-2")}
GLOBAL: Final = "global"
"""The profile that is called from every Region, and answers from any."""


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
    """One base model; `id` is called on demand, `customization_id` is trained and provisioned.

    In other Regions than `on_demand_regions` it is called through a cross-Region inference profile, by its prefix.
    """

    id: str
    context: str
    name: str
    provider: str
    family: Family
    customization_regions: tuple[str, ...]
    provisioned_regions: tuple[str, ...]
    serving: tuple[str, ...]
    on_demand_regions: tuple[str, ...]
    profiles: tuple[str, ...]
    modalities: tuple[str, ...] = field(default=("TEXT",))

    @property
    def customization_id(self) -> str:
        """The id with its context suffix; the id itself if it can be neither trained nor provisioned."""
        return f"{self.id}:{self.context}" if self.context else self.id

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
    lists = ("customization_regions", "provisioned_regions", "serving", "on_demand_regions", "profiles")
    return tuple(
        FoundationModel(**{**row, "family": families[row["family"]]} | {key: tuple(row[key]) for key in lists})
        for row in document["models"]
    )


def find(identifier: str) -> FoundationModel | None:
    """Find the model of an id or foundation-model ARN, with or without context suffix."""
    wanted = identifier.rpartition("foundation-model/")[2]
    return next((m for m in catalogue() if wanted in {m.id, m.customization_id}), None)


@dataclass(frozen=True, slots=True)
class Invoked:
    """A base model as it is called: by the id of an inference profile, or by its own if `profile` is empty."""

    model: FoundationModel
    profile: str = ""

    def destinations(self, region: str) -> tuple[str, ...]:
        """The Regions that the profile may route a call from one to; an empty one is any of the world."""
        prefix = self.profile.removesuffix(f".{self.model.id}")
        return (region, "") if prefix == GLOBAL else REGIONS_OF_PROFILES[prefix]


def find_for_inference(identifier: str, region: str) -> Invoked | None:
    """Find what an on-demand id, inference profile or ARN calls in a Region. Ids with a context suffix call nothing."""
    kind, _, wanted = identifier.rpartition("/")
    for model in catalogue():
        if wanted == model.id and not kind.endswith(":inference-profile"):
            return Invoked(model)
        profiles = [f"{prefix}.{model.id}" for prefix in model.profiles if _is_called_from(prefix, region)]
        if wanted in profiles:
            return Invoked(model, wanted)
    return None


def _is_called_from(prefix: str, region: str) -> bool:
    return prefix == GLOBAL or region in REGIONS_OF_PROFILES[prefix]


def arn(model_id: str, region: str) -> str:
    """The ARN of a foundation model, whose account is empty (docs/facts.md#arns)."""
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"

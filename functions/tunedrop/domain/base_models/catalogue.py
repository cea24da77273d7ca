"""`base_models.toml` as frozen types: the only source of ids, formats, limits, ranges and ways to serve."""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from tunedrop.errors import InvalidInput

RecordFormat = Literal["prompt_completion", "messages", "converse"]
Runtime = Literal["invoke_model", "converse"]
Serving = Literal["on_demand", "provisioned_throughput"]
Learned = Literal["all_answers", "last_answer"]
OnBudget = Literal["notify", "release"]
"""What becomes of capacity that bills by the hour when the month's budget is exceeded."""
Split = Literal["train", "validation", "test"]
MediaKind = Literal["image", "document"]
Answerable = Literal["tools", "image", "document"]
"""What a request to a custom model may hold besides text."""

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a count."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much training data Bedrock accepts: records, bytes, and estimated tokens per record."""

    train_records: Range
    validation_records: Range
    total_records: Range
    train_bytes: int
    validation_bytes: int
    record_tokens: int


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What the user's turns of training data may refer to, of one kind of files in S3."""

    formats: tuple[str, ...]
    most: int
    """Files that one record may have."""
    bytes: int
    """The most that one file may have."""
    tokens: int
    """Estimated tokens of each; 0 if there is no estimate."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Words that make a job fail, and where they must not stand: `system`, `user`, `assistant`, `reasoning`."""

    words: tuple[str, ...]
    where: frozenset[str]
    proven: bool = True
    """Whether AWS's pages say that Bedrock refuses them there; if not, only AWS's own checker does."""


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter: inclusive bounds and default, as exact decimals."""

    name: str
    type: Literal["integer", "number"]
    minimum: Decimal
    maximum: Decimal
    default: Decimal
    meaning: str
    sent_by_default: bool = True
    """Whether Bedrock certainly knows it; if not, it is sent only where a request names it."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model that can be tuned."""

    name: str
    title: str
    provider: str
    customization_id: str
    """The model id for CreateModelCustomizationJob."""
    inference_id: str
    """The untuned model's own id, without a context suffix."""
    inference_profile: str | None
    """What the untuned model is invoked through where it is tuned, if its own id is refused there; None if it isn't.

    It moves prompts to other Regions of its geography.
    """
    regions: tuple[str, ...]
    """The Regions where it can be tuned."""
    record_format: RecordFormat
    runtime: Runtime
    serving: tuple[Serving, ...]
    """Ways to serve its custom models, the default first."""
    validation: bool
    """Whether a job accepts a validation split."""
    learned: Learned
    """What a job learns of a conversation; all answers where nobody knows better, so that none is learned unasked."""
    carries: frozenset[str]
    """Content blocks besides text that assistant turns may have; they are passed through unchanged."""
    takes: frozenset[Answerable]
    """What requests to its custom models may hold besides text; of what InvokeModel asks, the model itself decides."""
    media: Mapping[MediaKind, MediaLimits] = field(hash=False)
    """The files that user turns may refer to; none for a base model that trains on text alone."""
    limits: Limits
    reserved: tuple[Reserved, ...]
    hyperparameters: tuple[Hyperparameter, ...]


@cache
def catalogue() -> Mapping[str, BaseModel]:
    """All base models by name, in the order of the file."""
    written = pkgutil.get_data(__name__, "base_models.toml")
    assert written is not None
    return {name: _base_model(name, entry) for name, entry in tomllib.loads(written.decode()).items()}


@cache
def most_bytes(split: Split) -> int:
    """The most bytes that any base model accepts for a split. Test, which Bedrock never sees, has train's limit."""
    limits = [model.limits for model in catalogue().values()]
    return max(each.validation_bytes if split == "validation" else each.train_bytes for each in limits)


@cache
def most_media_bytes() -> int:
    """The most bytes that any base model accepts for one image or document."""
    return max(each.bytes for model in catalogue().values() for each in model.media.values())


def find(name: str) -> BaseModel:
    """The base model of that name. Raises InvalidInput `unknown_base_model` with the allowed names."""
    model = catalogue().get(name)
    if model is None:
        allowed = list(catalogue())
        raise InvalidInput(
            "unknown_base_model",
            f"{name!r} is not a base model. Allowed: {', '.join(allowed)}.",
            field="base_model",
            allowed=allowed,
        )
    return model


def of_arn(arn: str) -> BaseModel | None:
    """The base model of a foundation model's ARN, as Bedrock names it for tuning or for inference."""
    model_id = arn.rpartition("foundation-model/")[2]
    return next((each for each in catalogue().values() if model_id in {each.customization_id, each.inference_id}), None)


def _base_model(name: str, entry: Mapping[str, Any]) -> BaseModel:
    return BaseModel(
        name=name,
        title=entry["title"],
        provider=entry["provider"],
        customization_id=entry["customization_id"],
        inference_id=entry["inference_id"],
        inference_profile=entry.get("inference_profile"),
        regions=tuple(entry["regions"]),
        record_format=entry["record_format"],
        runtime=entry["runtime"],
        serving=tuple(entry["serving"]),
        validation=entry["validation"],
        learned=entry.get("learned", "all_answers"),
        carries=frozenset(entry.get("carries", [])),
        takes=frozenset(entry.get("takes", [])),
        media={kind: _media(each) for kind, each in entry.get("media", {}).items()},
        limits=_limits(entry["limits"]),
        reserved=tuple(_reserved(rule) for rule in entry.get("reserved", [])),
        hyperparameters=tuple(_hyperparameter(key, value) for key, value in entry["hyperparameters"].items()),
    )


def _media(entry: Mapping[str, Any]) -> MediaLimits:
    return MediaLimits(tuple(entry["formats"]), entry["most"], entry["bytes"], entry["tokens"])


def _limits(entry: Mapping[str, Any]) -> Limits:
    return Limits(
        train_records=Range(**entry["train_records"]),
        validation_records=Range(**entry["validation_records"]),
        total_records=Range(**entry["total_records"]),
        train_bytes=entry["train_bytes"],
        validation_bytes=entry["validation_bytes"],
        record_tokens=entry["record_tokens"],
    )


def _reserved(rule: Mapping[str, Any]) -> Reserved:
    return Reserved(tuple(rule["words"]), frozenset(rule["where"]), rule.get("proven", True))


def _hyperparameter(name: str, entry: Mapping[str, Any]) -> Hyperparameter:
    kind: Literal["integer", "number"] = "integer" if entry["type"] == "integer" else "number"
    return Hyperparameter(
        name=name,
        type=kind,
        minimum=Decimal(entry["minimum"]),
        maximum=Decimal(entry["maximum"]),
        default=Decimal(entry["default"]),
        meaning=entry["meaning"],
        sent_by_default=entry.get("sent_by_default", True),
    )

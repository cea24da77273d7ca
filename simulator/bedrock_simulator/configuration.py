"""What a host may configure: durations, quotas, lifecycles, the layout of output files, speed of streams."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from bedrock_simulator.knowledge import Knowledge

ValidationLayout = Literal["documented", "nested", "flat"]


@dataclass(frozen=True, slots=True)
class Durations:
    """How long things take, in simulated seconds (docs/facts.md#job-states, docs/facts.md#provisioned-throughput)."""

    validation: float = 180
    data_processing: float = 420
    training: float = 9_000
    stopping: float = 60
    throughput_creation: float = 1_500
    throughput_update: float = 600
    deployment_creation: float = 600
    deployment_update: float = 300


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A base model's state; past `end_of_life` the service refuses it altogether (docs/facts.md#lifecycle)."""

    status: Literal["ACTIVE", "LEGACY"] = "ACTIVE"
    legacy_time: datetime | None = None
    end_of_life: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits per account and Region (docs/facts.md#quotas).

    `model_units` (no commitment, across all custom models) is 0 at first on AWS; here the default is 2.
    `model_units_by_model` lowers it for single base models, by customization id; each has a quota of its own.
    `records_per_job` replaces the sum of training and validation records that the model's family allows.
    """

    model_units: int = 2
    model_units_by_model: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    deployments: int = 10
    deployments_in_progress: int = 2
    scheduled_jobs: int = 10
    custom_models: int = 100
    records_per_job: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings of a host.

    `time_scale` divides every duration; timestamps use the host's clock, and only the ledger multiplies.
    `lifecycle` is keyed by base model id, with or without its context suffix; missing models are ACTIVE.
    `not_tuned` holds customization ids that are left out of the models that are tuned today.
    `variants_resolve` says whether GetFoundationModel knows an id with its context suffix (docs/facts.md#base-models).
    `validation_layout` None means the layout of the model's family (docs/facts.md#metrics-files).
    `token_seconds` is how long a client token is remembered; without `unique_names`, paid capacity may share a name. No
    page says either, so a program can be tried against both.
    `knowledge` has planted skills; a model without one answers out of its memory or, a base model, in words.
    `renewal_seconds` is how long after the end of a commitment's term Bedrock begins another one, which no page says.
    If the real service's error code is not documented, a `*_code` field chooses one (docs/facts.md#errors).
    """

    time_scale: float = 1
    durations: Durations = field(default_factory=Durations)
    quotas: Quotas = field(default_factory=Quotas)
    lifecycle: Mapping[str, Lifecycle] = field(default_factory=lambda: MappingProxyType({}))
    not_tuned: frozenset[str] = frozenset()
    variants_resolve: bool = True
    validation_layout: ValidationLayout | None = None
    tokens_per_second: float = 100
    token_seconds: float = math.inf
    unique_names: bool = True
    knowledge: Knowledge = field(default_factory=Knowledge)
    renewal_seconds: float = 1_800
    announces_start: bool = True
    tagging_needs_permission: bool = True
    name_in_use_code: Literal["ValidationException", "ConflictException"] = "ValidationException"
    committed_delete_code: Literal["ConflictException", "ValidationException"] = "ConflictException"
    legacy_code: Literal["ValidationException", "AccessDeniedException"] = "ValidationException"
    end_of_life_code: Literal["ResourceNotFoundException", "ValidationException"] = "ResourceNotFoundException"

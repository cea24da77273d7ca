"""The resources of the simulated world: frozen values that are replaced, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bedrock_simulator.fit import WELL, Fit


@dataclass(frozen=True, slots=True)
class Phase:
    """One of the three phases of a job, as `statusDetails` shows it."""

    status: str = "NotStarted"
    created_at: datetime | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A model customization job. `training_until` is set while it trains."""

    arn: str
    account: str
    region: str
    name: str
    token: str
    model_name: str
    role_arn: str
    base_model_arn: str
    base_model_id: str
    hyperparameters: Mapping[str, str]
    training_uri: str
    validation_uris: tuple[str, ...]
    output_uri: str
    model_tags: Mapping[str, str]
    kms_key: str | None
    created_at: datetime
    modified_at: datetime
    status: str = "InProgress"
    validation: Phase = field(default_factory=Phase)
    data_processing: Phase = field(default_factory=Phase)
    training: Phase = field(default_factory=Phase)
    training_until: datetime | None = None
    ended_at: datetime | None = None
    failure: str | None = None
    model_arn: str | None = None
    training_loss: float | None = None
    validation_loss: float | None = None
    vpc: Mapping[str, Any] | None = None
    fails: str | None = None  # of which cause, see job_failures

    @property
    def id(self) -> str:
        """The last segment of the ARN, which names the output folder (docs/facts.md#metrics-files)."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result that training will have at its end; `memory` is packed (see memory.py)."""

    training_csv: str
    validation_csv: str | None
    training_loss: float
    validation_loss: float | None
    trained_tokens: int
    memory: str
    fit: Fit = WELL


@dataclass(frozen=True, slots=True)
class CustomModel:
    """A trained model. Its answers come from `memory`, as well as its training `fit`."""

    arn: str
    account: str
    region: str
    name: str
    job_arn: str
    base_model_arn: str
    base_model_id: str
    created_at: datetime
    memory: str
    fit: Fit = WELL


@dataclass(frozen=True, slots=True)
class Throughput:
    """Provisioned Throughput: paid capacity for one model."""

    arn: str
    account: str
    region: str
    name: str
    model_arn: str
    desired_model_arn: str
    base_model_id: str
    model_units: int
    commitment: str | None
    commitment_ends: datetime | None
    created_at: datetime
    modified_at: datetime
    status: str = "Creating"


@dataclass(frozen=True, slots=True)
class Deployment:
    """An on-demand deployment of a custom model."""

    arn: str
    account: str
    region: str
    name: str
    model_arn: str
    description: str | None
    created_at: datetime
    modified_at: datetime
    status: str = "Creating"
    desired_model_arn: str | None = None
    update_status: str | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """A line of the ledger, in wall-clock time."""

    kind: str
    arn: str
    name: str
    token: str
    tags: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None = None
    units: int = 0
    trained_tokens: int = 0
    commitment: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """An entry of the agenda: carry out the step for the resource at that time. `serial` keeps the order of ties."""

    at: datetime
    serial: int
    step: str
    arn: str

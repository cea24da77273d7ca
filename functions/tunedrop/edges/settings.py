"""The template's settings, read once from the environment: the only module that reads `os.environ`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    """The stack's resources, caps and defaults."""

    stack_id: str
    """The stack's ARN, which ends in its GUID."""
    stack_name: str
    region: str
    account: str
    data_bucket: str
    state_table: str
    access_table: str
    upload_queue_url: str
    spend_queue_url: str
    job_event_queue_url: str
    evaluation_queue_url: str
    bedrock_role_arn: str
    brake_role_arn: str
    """The role that a schedule takes on to delete a throughput of this stack."""
    model_key_arn: str | None
    """The KMS key for custom models; None unless the stack was told to use its own key."""
    default_base_model: str
    validation_share: float
    """The share of train's records held out for validation (0 to 0.5) if a dataset has no validation split and its
    `dataset.toml` sets no share."""
    max_model_units: int
    max_concurrent_jobs: int
    max_trained_tokens_per_job: int
    deployment_hours: int
    job_deadline_hours: int
    """How many hours after it could first be sent a job may still start."""
    prices: Mapping[str, float]
    """Maps `<base model>.<what>` to an amount in `currency`; a missing price is unknown, never 0."""
    currency: str
    monthly_budget: Decimal | None = None
    """What may be spent in a month of UTC, in `currency`; None: no limit in money."""
    custom_model_key_arns: tuple[str, ...] = ()
    """The KMS keys that a job may name for its custom model."""
    job_subnet_ids: tuple[str, ...] = ()
    """The subnets that a job may name, as `job_security_group_ids` are its security groups."""
    job_security_group_ids: tuple[str, ...] = ()
    allow_jobs_on_accept: bool = False
    """Whether an accepted version may start a job on its own when its `dataset.toml` asks for that."""
    allow_commitments: bool = False
    """Whether capacity may be bought for a whole term, once another person has approved it."""
    response_streaming: bool = True
    """Whether the Messages API's route streams; the function's answer must match the route."""

    @property
    def stack_uid(self) -> str:
        """The GUID in the stack's ARN: unique even among stacks of the same name."""
        return self.stack_id.rsplit("/", 1)[-1]

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Settings:
        """Settings from environment variables. Raises KeyError or ValueError: a missing variable is a deploy defect."""
        stack_id = variables["TUNEDROP_STACK_ID"]
        return cls(
            stack_id=stack_id,
            stack_name=stack_id.split("/")[-2],
            region=variables["AWS_REGION"],
            account=stack_id.split(":")[4],
            data_bucket=variables["TUNEDROP_DATA_BUCKET"],
            state_table=variables["TUNEDROP_STATE_TABLE"],
            access_table=variables["TUNEDROP_ACCESS_TABLE"],
            upload_queue_url=variables["TUNEDROP_UPLOAD_QUEUE_URL"],
            spend_queue_url=variables["TUNEDROP_SPEND_QUEUE_URL"],
            job_event_queue_url=variables["TUNEDROP_JOB_EVENT_QUEUE_URL"],
            evaluation_queue_url=variables["TUNEDROP_EVALUATION_QUEUE_URL"],
            bedrock_role_arn=variables["TUNEDROP_BEDROCK_ROLE_ARN"],
            brake_role_arn=variables["TUNEDROP_BRAKE_ROLE_ARN"],
            model_key_arn=variables.get("TUNEDROP_MODEL_KEY_ARN") or None,
            default_base_model=variables["TUNEDROP_DEFAULT_BASE_MODEL"],
            validation_share=float(variables["TUNEDROP_VALIDATION_SHARE"]),
            max_model_units=int(variables["TUNEDROP_MAX_MODEL_UNITS"]),
            max_concurrent_jobs=int(variables["TUNEDROP_MAX_CONCURRENT_JOBS"]),
            max_trained_tokens_per_job=int(variables["TUNEDROP_MAX_TRAINED_TOKENS_PER_JOB"]),
            deployment_hours=int(variables["TUNEDROP_DEPLOYMENT_HOURS"]),
            job_deadline_hours=int(variables["TUNEDROP_JOB_DEADLINE_HOURS"]),
            prices=json.loads(variables.get("TUNEDROP_PRICES") or "{}"),
            currency=variables.get("TUNEDROP_CURRENCY") or "USD",
            monthly_budget=_amount(variables.get("TUNEDROP_MONTHLY_BUDGET", "none")),
            custom_model_key_arns=_listed(variables, "TUNEDROP_CUSTOM_MODEL_KEY_ARNS"),
            job_subnet_ids=_listed(variables, "TUNEDROP_JOB_SUBNET_IDS"),
            job_security_group_ids=_listed(variables, "TUNEDROP_JOB_SECURITY_GROUP_IDS"),
            allow_jobs_on_accept=variables.get("TUNEDROP_ALLOW_JOBS_ON_ACCEPT") == "true",
            allow_commitments=variables.get("TUNEDROP_ALLOW_COMMITMENTS") == "true",
            response_streaming=variables.get("TUNEDROP_RESPONSE_STREAMING", "true") == "true",
        )


def _amount(text: str) -> Decimal | None:
    return None if text == "none" else Decimal(text)


def _listed(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(each for each in variables.get(name, "").split(",") if each)


@cache
def settings() -> Settings:
    """The settings of this process, read on first use."""
    return Settings.from_environment(os.environ)

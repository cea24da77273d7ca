"""Which custom model a request names or capacity serves, and whether it may be served. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training import names_tokens_tags
from tunedrop.domain.training.job_states import Job
from tunedrop.errors import Conflict, InvalidInput, NotFound, TunedropError

_ARN = re.compile(r"arn:[a-z0-9-]+:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/[a-z0-9.:-]{1,80}/[a-z0-9]{12}")
_ANY_STACKS = re.compile(r".+-v[0-9]+-[0-9a-f]{8}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class ProvenModel:
    """A custom model that this stack made, as its name and tags prove it. Its fields are named like its job's."""

    id: str
    """The job's."""
    name: str
    dataset: str
    version: int
    base_model: str
    owner: str
    tags: Mapping[str, str] = field(default_factory=dict)


def proven(
    name: str, base_model_arn: str, tags: Mapping[str, str], *, stack_id: str, stack_uid: str
) -> ProvenModel | None:
    """The custom model of that name; None if its tags do not say what this stack's do, or its name belies them."""
    base_model = catalogue.of_arn(base_model_arn)
    job_id, owner = tags.get("tunedrop:job"), tags.get("tunedrop:owner", "")
    origin = names_tokens_tags.proven_lineage(name, tags, stack_uid)
    if tags.get("tunedrop:stack") != stack_id or not (base_model and job_id and origin):
        return None
    return ProvenModel(job_id, name, origin.dataset, origin.version, base_model.name, owner)


def of_rows(head: Deployment) -> ProvenModel:
    """The model of a deployment whose job no row knows any more, named by its ARN."""
    name = head.model_arn or ""
    return ProvenModel(head.job_id, name, head.dataset, head.version, head.base_model, head.owner)


def is_arn(model: str, base_models: Container[str]) -> bool:
    """Whether a custom model is named by its ARN. Raises InvalidInput for what names none at all."""
    if model in base_models:
        raise InvalidInput(
            "base_model_not_custom",
            f"{model} is a base model. A deployment serves a custom model: name its job, or the model itself.",
            field="model",
        )
    if not model.startswith("arn:"):
        return False
    if not _ARN.fullmatch(model):
        words = "model is the name of a custom model, or its ARN as Bedrock shows it."
        raise InvalidInput("invalid_model", words, field="model")
    return True


def not_ours(model: str, stack_uid: str, *, by_arn: bool) -> TunedropError:
    """The refusal of a custom model that no job of this stack made."""
    shown = model[:200]
    another = _ANY_STACKS.fullmatch(model) and not names_tokens_tags.is_marked(model, stack_uid)
    if by_arn or another:
        words = f"{shown} is not a custom model of this stack: another stack or a person made it, or it was deleted."
        return Conflict("foreign_model", words, field="model")
    return NotFound("unknown_model", f"No job of this stack made a custom model named {shown!r}.", model=shown)


def check_completed(job: Job) -> None:
    """Raises Conflict `job_not_completed` for a job without a custom model."""
    if job.status != "Completed" or job.model_arn is None:
        words = f"Job {job.id} is {job.status}; only a Completed job has a custom model that can be served."
        raise Conflict("job_not_completed", words, job_id=job.id, status=job.status)


def gone(job: Job) -> Conflict:
    """The refusal of a custom model that Bedrock does not show us any more."""
    words = f"Bedrock shows this stack no custom model {job.name} any more: somebody deleted it, or took its tags away."
    return Conflict("model_gone", words, job_id=job.id, model_arn=job.model_arn)


def erased(job: Job, learned_from: Job) -> Conflict:
    """The refusal of a custom model that learned from data which was, or is being, erased."""
    data = f"{learned_from.dataset}@{learned_from.version}"
    return Conflict(
        "data_erased",
        f"Custom model {job.name} learned from {data}, which is erased or being erased. It is not served again.",
        job_id=job.id,
        dataset=learned_from.dataset,
        version=learned_from.version,
    )

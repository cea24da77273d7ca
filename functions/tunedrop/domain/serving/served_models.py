"""Which custom model a request names, and whether it may be served. Pure."""

from __future__ import annotations

import re
from collections.abc import Container

from tunedrop.domain.training import names_tokens_tags
from tunedrop.domain.training.job_states import Job
from tunedrop.errors import Conflict, InvalidInput, NotFound, TunedropError

_ARN = re.compile(r"arn:[a-z0-9-]+:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/[a-z0-9.:-]{1,80}/[a-z0-9]{12}")
_ANY_STACKS = re.compile(r".+-v[0-9]+-[0-9a-f]{8}-[0-9a-f]{8}")


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
    """The refusal of a custom model that learnt from data which was, or is being, erased."""
    data = f"{learned_from.dataset}@{learned_from.version}"
    return Conflict(
        "data_erased",
        f"Custom model {job.name} learnt from {data}, which is erased or being erased. It is not served again.",
        job_id=job.id,
        dataset=learned_from.dataset,
        version=learned_from.version,
    )

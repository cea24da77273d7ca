"""What a caller may choose for a job beside its data: tags, a key, a network, a deadline, an earlier model. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from tunedrop.domain.training import model_deletion
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.start_request import StartJob, Vpc
from tunedrop.errors import Conflict, InvalidInput

MOST_TAGS = 40
"""A resource holds 50, and ours are 7 so far (docs/facts.md#tags)."""
_KEY = re.compile(r"[a-zA-Z0-9 ._:/=+@-]{1,128}")
_VALUE = re.compile(r"[a-zA-Z0-9 ._:/=+@-]{0,256}")
_RESERVED = ("aws:", "tunedrop:")


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises InvalidInput for tags that AWS would refuse, or that could be taken for the stack's or for AWS's own."""
    if len(tags) > MOST_TAGS:
        raise InvalidInput("too_many_tags", f"{len(tags)} tags; {MOST_TAGS} are allowed.", field="tags")
    for name, value in tags.items():
        if name.lower().startswith(_RESERVED):
            words = f"The tag {name[:128]!r} is reserved: no tag begins with {' or '.join(_RESERVED)}."
            raise InvalidInput("reserved_tag", words, field="tags")
        if not _KEY.fullmatch(name) or not _VALUE.fullmatch(value):
            raise InvalidInput(
                "invalid_tag",
                f"The tag {name[:128]!r} can't be set: a key has 1 to 128 and a value up to 256 ASCII letters, digits, "
                "spaces and . _ : / = + @ -",
                field="tags",
            )


def check_key(key_arn: str | None, allowed: Collection[str]) -> None:
    """Raises Conflict `kms_key_not_allowed` for a key that the stack's roles may not use."""
    if key_arn is not None and key_arn not in allowed:
        raise _not_allowed("kms_key_not_allowed", "kms_key_arn", (key_arn,), "CustomModelKeyArns")


def check_vpc(vpc: Vpc | None, subnets: Collection[str], groups: Collection[str]) -> None:
    """Raises Conflict `vpc_not_allowed` for a subnet or security group that the stack's roles may not use."""
    if vpc is None:
        return
    for field, named, allowed, parameter in (
        ("vpc.subnet_ids", vpc.subnet_ids, subnets, "JobSubnetIds"),
        ("vpc.security_group_ids", vpc.security_group_ids, groups, "JobSecurityGroupIds"),
    ):
        missing = tuple(each for each in named if each not in allowed)
        if missing:
            raise _not_allowed("vpc_not_allowed", field, missing, parameter)


def check_deadline(deadline: datetime | None, now: datetime, hours: int) -> None:
    """Raises InvalidInput `out_of_range` for a deadline that is over, or more than the stack's `hours` ahead."""
    if deadline is not None and not now < deadline <= now + timedelta(hours=hours):
        words = f"deadline is a time within the next {hours} hours (JobDeadlineHours); {deadline.isoformat()} is not."
        raise InvalidInput("out_of_range", words, field="deadline", parameter="JobDeadlineHours")


def model_of(earlier: Job, request: StartJob) -> str:
    """The ARN of the earlier job's custom model, which is tuned further (docs/facts.md#creating-a-job).

    Raises Conflict `from_job_without_model` or `model_deleted`, InvalidInput `from_job_base_model`.
    """
    if earlier.base_model != request.base_model:
        raise InvalidInput(
            "from_job_base_model",
            f"Job {earlier.id} tuned {earlier.base_model}; its model can't be tuned further as {request.base_model}.",
            field="base_model",
            base_model=earlier.base_model,
        )
    if earlier.model_arn is None:
        words = f"Job {earlier.id} is {earlier.status} and has no custom model that could be tuned further."
        raise Conflict("from_job_without_model", words, field="from_job", status=earlier.status)
    if not model_deletion.is_kept(earlier.model_deletion):
        raise model_deletion.being_deleted(earlier.name)
    return earlier.model_arn


def _not_allowed(code: str, field: str, named: tuple[str, ...], parameter: str) -> Conflict:
    words = f"This stack's roles may not use {', '.join(named)}. To allow it, deploy the stack with it in {parameter}."
    return Conflict(code, words, field=field, parameter=parameter)

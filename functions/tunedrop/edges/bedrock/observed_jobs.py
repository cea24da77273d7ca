"""What Bedrock reports about model-customization jobs. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from tunedrop.domain.training.bedrock_view import Phase, PhaseName
from tunedrop.domain.training.job_states import JobTruth
from tunedrop.edges.faults import ABSENT, code_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef

    from tunedrop.edges.clients import BedrockReader

RUNNING: tuple[Literal["InProgress", "Stopping"], ...] = ("InProgress", "Stopping")

_PHASES: Mapping[str, PhaseName] = {
    "validationDetails": "validation",
    "dataProcessingDetails": "data_processing",
    "trainingDetails": "training",
}


def find_job(bedrock: BedrockReader, name: str) -> JobTruth | None:
    """The job of that name, or None. Raises botocore's errors."""
    # List, not Get: a name that no job has carries no tags, so Get would deny our role (docs/facts.md#errors).
    pages = bedrock.get_paginator("list_model_customization_jobs").paginate(nameContains=name)
    for page in pages:
        for summary in page.get("modelCustomizationJobSummaries", ()):
            if summary["jobName"] == name:
                return get_job(bedrock, summary["jobArn"]) or _listed_only(summary)
    return None


def running(bedrock: BedrockReader) -> Iterator[str]:
    """The names of all jobs in the Region that run or are being stopped, whoever started them."""
    for status in RUNNING:
        for page in bedrock.get_paginator("list_model_customization_jobs").paginate(statusEquals=status):
            for summary in page.get("modelCustomizationJobSummaries", ()):
                yield summary["jobName"]


def get_job(bedrock: BedrockReader, arn: str) -> JobTruth | None:
    """The job as Bedrock has it now; None if it does not exist or its tags do not let us see it (yet).

    Raises botocore's errors for everything else.
    """
    try:
        return _truth(bedrock.get_model_customization_job(jobIdentifier=arn))
    except ClientError as error:
        if code_of(error) in ABSENT:
            return None
        raise


def _truth(answer: GetModelCustomizationJobResponseTypeDef) -> JobTruth:
    validation = answer.get("validationMetrics") or []
    return JobTruth(
        arn=answer["jobArn"],
        name=answer["jobName"],
        token=answer.get("clientRequestToken"),
        status=answer["status"],
        failure=answer.get("failureMessage"),
        model_arn=answer.get("outputModelArn"),
        created_at=answer["creationTime"],
        ended_at=answer.get("endTime"),
        training_loss=answer.get("trainingMetrics", {}).get("trainingLoss"),
        validation_loss=validation[0].get("validationLoss") if validation else None,
        phases=tuple(_phases(answer.get("statusDetails", {}))),
    )


def _phases(details: Mapping[str, Any]) -> Iterator[Phase]:
    """What Bedrock says of the phases; it may leave out any of it."""
    for name, phase in _PHASES.items():
        found = details.get(name, {})
        if "status" in found:
            yield Phase(phase, found["status"], found.get("creationTime"), found.get("lastModifiedTime"))


def _listed_only(summary: Any) -> JobTruth:
    """A job that List shows and Get does not (yet). Without its token nobody can tell whose it is."""
    return JobTruth(
        arn=summary["jobArn"],
        name=summary["jobName"],
        token=None,
        status=summary["status"],
        failure=None,
        model_arn=None,
        created_at=summary["creationTime"],
        ended_at=None,
        training_loss=None,
        validation_loss=None,
    )

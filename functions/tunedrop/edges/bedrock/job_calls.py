"""Calls to Bedrock about base models and jobs, and what their errors mean: typed answers, not exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import JobTruth
from tunedrop.domain.training.lifecycle import Lifecycle
from tunedrop.edges.faults import FAULTS, code_of
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef

    from tunedrop.edges.clients import BedrockReader, Spender


@dataclass(frozen=True, slots=True)
class Done:
    """The call took effect; `arn` of what was created, empty where nothing is."""

    arn: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """No answer, or one that does not say whether the call took effect."""

    reason: str


Answer = Done | Refusal | Ambiguous

ABSENT = frozenset({"ResourceNotFoundException", "AccessDeniedException"})
"""A role that may only touch what carries the stack's tag is denied what does not exist, and what has no tags yet: a
thing asked for by its ARN or name is out of sight, which proves nothing about the thing."""
_NOT_NOW = frozenset({"ServiceQuotaExceededException", "ThrottlingException", "TooManyRequestsException"})
_MAYBE_OURS = ("in use", "already exists")  # bedrock-facts 4.1: a name that a lost answer may have taken


def sent(call: Callable[[], str], *, not_now: frozenset[str] = frozenset()) -> Answer:
    """Send once and say what became of it; `not_now` names further codes that may pass later."""
    try:
        return Done(call())
    except ParamValidationError as error:
        return Refusal("refused", "ParamValidation", str(error)[:500])
    except (BotoCoreError, ResponseParserError) as error:
        return Ambiguous(type(error).__name__)
    except ClientError as error:
        return _answered(error, not_now)


def _answered(error: ClientError, not_now: frozenset[str]) -> Answer:
    code, message = code_of(error), error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _NOT_NOW:
        return Refusal("not_now", code, message)
    if status >= 500 or status == 408 or any(words in message for words in _MAYBE_OURS):
        return Ambiguous(code)
    return Refusal("not_now" if code in not_now else "refused", code, message)


@contextmanager
def asked_by_a_caller() -> Iterator[None]:
    """What AWS raises while somebody waits for an answer of ours becomes Unavailable."""
    try:
        yield
    except FAULTS as error:
        raise Unavailable(
            "aws_unavailable",
            "AWS did not say whether this may be done. Nothing was started; send the request again.",
            reason=code_of(error),
        ) from error


def lifecycle(bedrock: BedrockReader, model_id: str) -> Lifecycle | None:
    """Whether Bedrock still tunes the model; None where it does not know it."""
    try:
        details = bedrock.get_foundation_model(modelIdentifier=model_id).get("modelDetails", {})
    except ClientError as error:
        if code_of(error) in {"ResourceNotFoundException", "ValidationException"}:
            return None
        raise
    stages: Mapping[str, Any] = details.get("modelLifecycle", {})
    return Lifecycle(stages.get("status", "ACTIVE"), stages.get("legacyTime"), stages.get("endOfLifeTime"))


def find_job(bedrock: BedrockReader, name: str) -> JobTruth | None:
    """The job of that name. Asked by List: a name without a job has no tags that a policy could allow."""
    pages = bedrock.get_paginator("list_model_customization_jobs").paginate(nameContains=name)
    for page in pages:
        for summary in page.get("modelCustomizationJobSummaries", ()):
            if summary["jobName"] == name:
                return get_job(bedrock, summary["jobArn"]) or _listed_only(summary)
    return None


def get_job(bedrock: BedrockReader, arn: str) -> JobTruth | None:
    """The job as Bedrock has it now; None where it is out of sight: not there, or not ours to see (yet)."""
    try:
        return _truth(bedrock.get_model_customization_job(jobIdentifier=arn))
    except ClientError as error:
        if code_of(error) in ABSENT:
            return None
        raise


def create_job(spender: Spender, request: Mapping[str, Any]) -> Answer:
    """Start training: the one call of this program that does."""
    return sent(lambda: spender.create_model_customization_job(**request)["jobArn"])


def stop_job(spender: Spender, arn: str) -> Answer:
    """Ask Bedrock to stop; what was trained so far is charged (bedrock-facts 4.3)."""

    def call() -> str:
        spender.stop_model_customization_job(jobIdentifier=arn)
        return ""

    return sent(call)


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
    )


def _listed_only(summary: Any) -> JobTruth:
    """Of a job that can't be looked at, or not yet: without the token it is nobody's."""
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

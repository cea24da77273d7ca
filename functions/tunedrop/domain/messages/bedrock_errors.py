"""Bedrock's errors as errors of the Messages API: which of them the caller's SDK may repeat, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tunedrop.domain.messages.api_errors import ApiError, ErrorKind


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: ErrorKind
    code: str
    words: str
    again: bool = False
    retry_after: int | None = None
    theirs: bool = False
    """Whether to add Bedrock's message: it helps the caller and reveals nothing about this account."""

    def error(self, source: str, message: str) -> ApiError:
        words = f"{self.words} {message}".strip() if self.theirs else self.words
        return ApiError(self.kind, self.code, words, again=self.again, retry_after=self.retry_after, source=source)


# bedrock-runtime's errors (docs/facts.md#errors). Only those that prove that no generation ran may be retried.
_BEDROCK: Mapping[str, _Meaning] = MappingProxyType(
    {
        "ValidationException": _Meaning(
            "invalid_request_error", "refused_by_model", "Bedrock refused the request:", theirs=True
        ),
        "AccessDeniedException": _Meaning("api_error", "access_denied", "Bedrock denied this stack the call."),
        "ResourceNotFoundException": _Meaning(
            "not_found_error", "deployment_gone", "The deployment no longer exists on Bedrock."
        ),
        "ServiceQuotaExceededException": _Meaning(
            "rate_limit_error", "quota_account", "A Bedrock quota of this AWS account is used up.", True, 30
        ),
        "ThrottlingException": _Meaning(
            "rate_limit_error", "throttled", "Bedrock is throttling this AWS account.", True, 2
        ),
        "ModelNotReadyException": _Meaning("overloaded_error", "model_warming", "The model is being loaded.", True, 30),
        "ServiceUnavailableException": _Meaning(
            "overloaded_error", "bedrock_unavailable", "Bedrock has no capacity right now.", True, 5
        ),
        "ModelTimeoutException": _Meaning("timeout_error", "model_timeout", "The model took too long."),
        "ModelErrorException": _Meaning("api_error", "model_error", "The model failed on this request."),
        "ModelStreamErrorException": _Meaning("api_error", "model_error", "The model failed while answering."),
        "InternalServerException": _Meaning("api_error", "bedrock_error", "Bedrock failed on this request."),
    }
)


def of(name: str, message: str) -> ApiError:
    """The error for a name from bedrock-runtime, in upper camel case, or in lower camel case as streams have it."""
    known = _BEDROCK.get(name[:1].upper() + name[1:])
    return (known or _BEDROCK["InternalServerException"]).error(name, message)


def unreachable(source: str) -> ApiError:
    """The connection to Bedrock failed, so nothing was generated."""
    message = "Bedrock could not be reached."
    return ApiError("overloaded_error", "bedrock_unreachable", message, again=True, retry_after=2, source=source)


def no_answer(source: str) -> ApiError:
    """Bedrock received the request and did not answer in time: it may have generated, and billed."""
    return ApiError("timeout_error", "bedrock_silent", "Bedrock did not answer in time.", source=source)


def disconnected(source: str) -> ApiError:
    """The connection to Bedrock broke in the middle of an answer."""
    return ApiError("api_error", "stream_broken", "The connection to the model broke off.", source=source)

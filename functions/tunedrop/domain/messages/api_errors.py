"""The Messages API's errors: types, statuses, retry headers, and the mapping from Bedrock's errors.

Wherever a generation may have run, `x-should-retry` is false: otherwise the caller's SDK would repeat it and pay twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from tunedrop.errors import Conflict, InvalidInput, NotFound, TunedropError, Unavailable

Kind = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "overloaded_error",
    "timeout_error",
]

STATUS: Mapping[Kind, int] = MappingProxyType(
    {
        "invalid_request_error": 400,
        "authentication_error": 401,
        "permission_error": 403,
        "not_found_error": 404,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "api_error": 500,
        "overloaded_error": 529,
        "timeout_error": 504,
    }
)


class ApiError(Exception):
    """An error answer: `kind` is the contract's error type, `code` is finer and stable, `message` is for people.

    `again`: whether the same request may be sent again; `retry_after`: after how many seconds. `source` names the
    underlying error for the log, without its message, which may quote a prompt.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        *,
        again: bool = False,
        retry_after: int | None = None,
        status: int | None = None,
        source: str = "",
    ) -> None:
        super().__init__(message)
        self.kind, self.code, self.message = kind, code, message
        self.again, self.retry_after = again, retry_after
        self.status = STATUS[kind] if status is None else status
        self.source = source

    def headers(self) -> dict[str, str]:
        """The headers by which Anthropic's SDKs decide whether to retry (docs/facts.md#anthropic-sdks)."""
        headers = {"x-should-retry": "true" if self.again else "false"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return headers

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body of the answer, which is also the data of a stream's `error` event."""
        error = {"type": self.kind, "message": self.message, "details": {"error_code": self.code}}
        return {"type": "error", "error": error, "request_id": request_id}


def invalid(field: str, problem: str) -> ApiError:
    """The request's body is invalid. `field` is a dotted path; empty for the whole body."""
    return ApiError("invalid_request_error", "invalid_request", f"{field}: {problem}" if field else problem)


def broken(problem: str) -> ApiError:
    """The model's answer began but is malformed or incomplete."""
    return ApiError("api_error", "stream_broken", f"The model's answer broke off: {problem}.")


def deadline() -> ApiError:
    """The request's time limit is reached."""
    return ApiError("timeout_error", "deadline", "The answer was cut: the time limit of this request is reached.")


def unexpected(source: str) -> ApiError:
    """A defect in this application; the log has details under the request's id."""
    message = "Something failed inside Tunedrop. Its log has this request's id."
    return ApiError("api_error", "internal_error", message, source=source)


def tables_unavailable(source: str) -> ApiError:
    """Our tables of keys or deployments could not be read; nothing was generated."""
    message = "Tunedrop's tables did not answer."
    return ApiError("overloaded_error", "tables_unavailable", message, again=True, retry_after=1, source=source)


def of(error: TunedropError) -> ApiError:
    """One of the application's own errors, mapped to this contract."""
    kind, again = next(
        (entry for kind_of, entry in _TREE.items() if isinstance(error, kind_of)), ("invalid_request_error", False)
    )
    return ApiError(kind, error.code, error.message, again=again)


_TREE: Mapping[type[TunedropError], tuple[Kind, bool]] = MappingProxyType(
    {
        InvalidInput: ("invalid_request_error", False),
        NotFound: ("not_found_error", False),
        Conflict: ("invalid_request_error", False),
        Unavailable: ("overloaded_error", True),
    }
)


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: Kind
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


def of_bedrock(name: str, message: str) -> ApiError:
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

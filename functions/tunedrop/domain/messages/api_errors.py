"""The error contract of the Messages API: types, statuses, retry headers, and where each of Bedrock's errors fits.

`x-should-retry: false` stands wherever a generation may have run: the caller's SDK would repeat it, and bill it again.
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
    """An answer that is an error: `kind` and `message` for people, `code` for programs.

    `again` says whether the same request may be sent again, `retry_after` when (seconds). `source` names the error
    behind it, for the log; never its words, which may quote a prompt.
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
        """What Anthropic's SDKs and other clients decide by."""
        headers = {"x-should-retry": "true" if self.again else "false"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return headers

    def body(self, request_id: str) -> dict[str, Any]:
        """The answer's body, and the data of a stream's `error` event."""
        error = {"type": self.kind, "message": self.message, "details": {"error_code": self.code}}
        return {"type": "error", "error": error, "request_id": request_id}


def invalid(field: str, problem: str) -> ApiError:
    """The request's body says something that cannot be; `field` is a dotted path or empty for the whole body."""
    return ApiError("invalid_request_error", "invalid_request", f"{field}: {problem}" if field else problem)


def broken(problem: str) -> ApiError:
    """The model's answer began and cannot be trusted to be whole."""
    return ApiError("api_error", "stream_broken", f"The model's answer broke off: {problem}.")


def deadline() -> ApiError:
    """The time that this request may take is used up."""
    return ApiError("timeout_error", "deadline", "The answer was cut: the time limit of this request is reached.")


def unexpected(source: str) -> ApiError:
    """A defect of this application; the log has the rest under the request's id."""
    message = "Something failed inside Tunedrop. Its log has this request's id."
    return ApiError("api_error", "internal_error", message, source=source)


def tables_unavailable(source: str) -> ApiError:
    """Keys or deployments could not be read: nothing was generated."""
    message = "Tunedrop's tables did not answer."
    return ApiError("overloaded_error", "tables_unavailable", message, again=True, retry_after=1, source=source)


def of(error: TunedropError) -> ApiError:
    """A fault of the application's own tree in the words of this contract."""
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
    """Bedrock's own words help the caller, and name nothing of this account's insides."""

    def error(self, source: str, message: str) -> ApiError:
        words = f"{self.words} {message}".strip() if self.theirs else self.words
        return ApiError(self.kind, self.code, words, again=self.again, retry_after=self.retry_after, source=source)


# The runtime's errors (docs/facts.md#errors). Sent again are only those that prove that no generation ran.
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
            "rate_limit_error", "throttled", "Bedrock throttles this AWS account.", True, 2
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
    """An error of bedrock-runtime by its name; inside a stream Bedrock writes the same names in lower camel case."""
    known = _BEDROCK.get(name[:1].upper() + name[1:])
    return (known or _BEDROCK["InternalServerException"]).error(name, message)


def unreachable(source: str) -> ApiError:
    """No connection to Bedrock was made, so nothing was generated."""
    message = "Bedrock could not be reached."
    return ApiError("overloaded_error", "bedrock_unreachable", message, again=True, retry_after=2, source=source)


def no_answer(source: str) -> ApiError:
    """Bedrock was asked and fell silent: it may have generated, and billed."""
    return ApiError("timeout_error", "bedrock_silent", "Bedrock did not answer in time.", source=source)


def disconnected(source: str) -> ApiError:
    """The connection broke in the middle of an answer."""
    return ApiError("api_error", "stream_broken", "The connection to the model broke off.", source=source)

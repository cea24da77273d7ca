"""The Messages API's errors: types, statuses, retry headers, and the mapping from the application's own errors.

Wherever a generation may have run, `x-should-retry` is false: otherwise the caller's SDK would repeat it and pay twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from tunedrop.errors import Conflict, InvalidInput, NotFound, TunedropError, Unavailable

ErrorKind = Literal[
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

STATUS: Mapping[ErrorKind, int] = MappingProxyType(
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
    underlying error for the log, without its message, which may quote a prompt. `details` stand beside the code.
    """

    def __init__(
        self,
        kind: ErrorKind,
        code: str,
        message: str,
        *,
        again: bool = False,
        retry_after: int | None = None,
        status: int | None = None,
        source: str = "",
        details: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.kind, self.code, self.message = kind, code, message
        self.again, self.retry_after = again, retry_after
        self.status = STATUS[kind] if status is None else status
        self.source, self.details = source, details

    def headers(self) -> dict[str, str]:
        """The headers by which Anthropic's SDKs decide whether to retry (docs/facts.md#anthropic-sdks)."""
        headers = {"x-should-retry": "true" if self.again else "false"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return headers

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body of the answer, which is also the data of a stream's `error` event."""
        error = {"type": self.kind, "message": self.message, "details": {"error_code": self.code, **self.details}}
        return {"type": "error", "error": error, "request_id": request_id}

    def openai_body(self) -> dict[str, Any]:
        """The same error as OpenAI's clients read it."""
        return {"error": {"message": self.message, "type": self.kind, "param": None, "code": self.code}}


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


_TREE: Mapping[type[TunedropError], tuple[ErrorKind, bool]] = MappingProxyType(
    {
        InvalidInput: ("invalid_request_error", False),
        NotFound: ("not_found_error", False),
        Conflict: ("invalid_request_error", False),
        Unavailable: ("overloaded_error", True),
    }
)

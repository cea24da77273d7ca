"""The exceptions botocore raises when AWS refuses a call or does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from tunedrop.errors import Unavailable

FAULTS = (ClientError, BotoCoreError)

ABSENT = frozenset({"ResourceNotFoundException", "AccessDeniedException"})
"""Codes that mean "not visible", which does not prove "not there": our role may touch only tagged resources, so it is
denied access both to what does not exist and to what has no tags yet (docs/facts.md#errors)."""


def code_of(fault: Exception) -> str:
    """The service's error code, such as ThrottlingException, or the exception's name if no service answered."""
    if isinstance(fault, ClientError):
        return fault.response.get("Error", {}).get("Code", "")
    return type(fault).__name__


_PASSING = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


def may_pass(fault: BaseException) -> bool:
    """Whether AWS was only busy, out of reach or silent: the same request may go through in a moment."""
    if isinstance(fault, ClientError):
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(fault) in _PASSING or status >= 500
    return isinstance(fault, HTTPClientError | BotoConnectionError)


@contextmanager
def asked_by_a_caller() -> Iterator[None]:
    """Turn AWS faults into Unavailable while a caller waits for our answer."""
    try:
        yield
    except FAULTS as error:
        raise Unavailable(
            "aws_unavailable",
            "AWS did not say whether this may be done. Nothing was started; send the request again.",
            reason=code_of(error),
        ) from error

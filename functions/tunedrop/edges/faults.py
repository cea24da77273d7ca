"""What botocore raises when AWS refuses a call, or does not answer it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tunedrop.errors import Unavailable

FAULTS = (ClientError, BotoCoreError)

ABSENT = frozenset({"ResourceNotFoundException", "AccessDeniedException"})
"""A role that may only touch what carries the stack's tag is denied what does not exist, and what has no tags yet: a
thing asked for by its ARN or name is out of sight, which proves nothing about the thing."""


def code_of(fault: Exception) -> str:
    """The service's code, such as ThrottlingException; the name of the error where no service answered."""
    if isinstance(fault, ClientError):
        return fault.response.get("Error", {}).get("Code", "")
    return type(fault).__name__


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

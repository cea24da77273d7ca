"""Eight ways in which one call to AWS goes wrong, as botocore meets them (docs/facts.md#errors)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.faults.injector import Answer, Attempt, Interference, response
from tests.integration.bedrock_world import Crash

Kind = Literal[
    "throttled",
    "error_500_after_the_effect",
    "error_503",
    "no_connection",
    "no_answer_after_the_effect",
    "crash_before",
    "crash_after",
    "access_denied",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
RETRIED: frozenset[Kind] = frozenset(KINDS[:5])
"""Kinds that botocore meets by sending again, unless its client was made to send once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault; one that is not `lasting` meets the first attempt of its call only."""

    kind: Kind
    lasting: bool = True

    def __str__(self) -> str:
        return self.kind if self.lasting or self.kind not in RETRIED else f"{self.kind}, once"


FAULTS = (*(Fault(kind) for kind in KINDS), *(Fault(kind, lasting=False) for kind in KINDS if kind in RETRIED))


def interference(fault: Fault, sleep: Callable[[float], None]) -> Interference:
    """The fault as it meets a call; `sleep` takes the time that the client waits in vain."""

    def interfere(attempt: Attempt, answered: Callable[[], Answer]) -> Answer:
        if attempt.number > 1 and not fault.lasting:
            return answered()
        return _interfere(fault.kind, attempt, answered, sleep)

    return interfere


def _interfere(kind: Kind, attempt: Attempt, answered: Callable[[], Answer], sleep: Callable[[float], None]) -> Answer:
    match kind:
        case "crash_before":
            raise Crash
        case "no_connection":
            sleep(3)
            raise ConnectTimeoutError(endpoint_url=attempt.request.url)
        case "throttled":
            return _throttled(attempt)
        case "error_503":
            s3 = attempt.service == "s3"
            return _error(attempt, 503, "ServiceUnavailable" if s3 else "ServiceUnavailableException")
        case "access_denied":
            s3 = attempt.service == "s3"
            status = 403 if s3 or attempt.service == "bedrock" else 400
            return _error(attempt, status, "AccessDenied" if s3 else "AccessDeniedException")
        case _:
            answered()
    if kind == "crash_after":
        raise Crash
    if kind == "error_500_after_the_effect":
        return _error(attempt, 500, "InternalError" if attempt.service == "s3" else "InternalServerException")
    sleep(attempt.read_seconds)
    raise ReadTimeoutError(endpoint_url=attempt.request.url)


def _throttled(attempt: Attempt) -> AWSResponse:
    if attempt.service == "s3":
        return _error(attempt, 503, "SlowDown")
    return _error(attempt, 429 if attempt.service == "bedrock" else 400, "ThrottlingException")


def _error(attempt: Attempt, status: int, code: str) -> AWSResponse:
    """The answer in the service's own protocol: S3's is XML, and HEAD has no body."""
    headers = {"x-amzn-requestid": "00000000-0000-4000-8000-000000000000"}
    if attempt.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
        body = "" if attempt.request.method == "HEAD" else body
    else:
        headers["x-amzn-errortype"] = code
        body = json.dumps({"__type": code, "message": "injected"})
    return response(attempt, status, headers, body)

"""The outcome of a call that must not be repeated blindly: done, refused, or unknown. Values, not exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.edges.faults import code_of


@dataclass(frozen=True, slots=True)
class Done:
    """The call took effect. `arn` names what was created; it is empty if nothing was."""

    arn: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """No answer, or one that leaves open whether the call took effect."""

    reason: str


CallOutcome = Done | Refusal | Ambiguous


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """What became of a call, and the id that AWS gave the request; None if no service answered."""

    outcome: CallOutcome
    request_id: str | None


_NOT_NOW = frozenset({"ServiceQuotaExceededException", "ThrottlingException", "TooManyRequestsException"})
# Of what is made, our own earlier call, whose answer was lost, may have taken the name (docs/facts.md#errors).
_MAYBE_OURS = ("in use", "already exists")


def sent(
    call: Callable[[], Mapping[str, Any]], arn: str = "", *, not_now: frozenset[str] = frozenset()
) -> AnsweredCall:
    """Make the call and return what became of it.

    `arn` names the field of its answer that holds one, `not_now` more error codes that may pass later.
    """
    try:
        answer = call()
        return AnsweredCall(Done(answer[arn] if arn else ""), _request_id(answer))
    except ParamValidationError as error:
        return AnsweredCall(Refusal("refused", "ParamValidation", str(error)[:500]), None)
    except (BotoCoreError, ResponseParserError) as error:
        return AnsweredCall(Ambiguous(type(error).__name__), None)
    except ClientError as error:
        return AnsweredCall(_answered(error, not_now, makes=bool(arn)), _request_id(error.response))


def _request_id(answer: Mapping[str, Any]) -> str | None:
    metadata: Mapping[str, Any] = answer.get("ResponseMetadata", {})
    return metadata.get("RequestId")


def _answered(error: ClientError, not_now: frozenset[str], *, makes: bool) -> CallOutcome:
    # A server error or a timeout may arrive after Bedrock has acted; every other 4xx proves that it did not.
    code, message = code_of(error), error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _NOT_NOW:
        return Refusal("not_now", code, message)
    maybe_ours = makes and any(words in message for words in _MAYBE_OURS)
    if status >= 500 or status == 408 or maybe_ours:
        return Ambiguous(code)
    return Refusal("not_now" if code in not_now else "refused", code, message)

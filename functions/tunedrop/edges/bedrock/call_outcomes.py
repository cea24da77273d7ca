"""What became of a call that must not be repeated blindly: done, refused, or nobody knows. Values, not exceptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.edges.faults import code_of


@dataclass(frozen=True, slots=True)
class Done:
    """The call took effect; `arn` of what was created, empty where nothing is."""

    arn: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """No answer, or one that does not say whether the call took effect."""

    reason: str


CallOutcome = Done | Refusal | Ambiguous

_NOT_NOW = frozenset({"ServiceQuotaExceededException", "ThrottlingException", "TooManyRequestsException"})
_MAYBE_OURS = ("in use", "already exists")  # docs/facts.md#errors: a name that a lost answer may have taken


def sent(call: Callable[[], str], *, not_now: frozenset[str] = frozenset()) -> CallOutcome:
    """Send once and say what became of it; `not_now` names further codes that may pass later."""
    try:
        return Done(call())
    except ParamValidationError as error:
        return Refusal("refused", "ParamValidation", str(error)[:500])
    except (BotoCoreError, ResponseParserError) as error:
        return Ambiguous(type(error).__name__)
    except ClientError as error:
        return _answered(error, not_now)


def _answered(error: ClientError, not_now: frozenset[str]) -> CallOutcome:
    code, message = code_of(error), error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code in _NOT_NOW:
        return Refusal("not_now", code, message)
    if status >= 500 or status == 408 or any(words in message for words in _MAYBE_OURS):
        return Ambiguous(code)
    return Refusal("not_now" if code in not_now else "refused", code, message)

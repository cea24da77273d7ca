"""AWS's exceptions as errors of the Messages API. The log gets the names of errors, never their messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import urllib3.exceptions
from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from tunedrop.domain.messages import api_errors, bedrock_errors
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.errors import TunedropError

_UNREACHED = (EndpointConnectionError, ConnectTimeoutError)
_SILENT = (ReadTimeoutError, urllib3.exceptions.ReadTimeoutError)
_CUT = (BotoCoreError, urllib3.exceptions.HTTPError, ParserError, OSError)


@contextmanager
def of_bedrock() -> Iterator[None]:
    """Turn whatever a call to bedrock-runtime, or reading its stream, can raise into ApiError."""
    try:
        yield
    except ClientError as error:
        raise bedrock_errors.of(error.response["Error"]["Code"], error.response["Error"].get("Message", "")) from error
    except ParamValidationError as error:
        raise api_errors.invalid("", "Bedrock's own limits do not allow a value of this request") from error
    except _UNREACHED as error:
        raise bedrock_errors.unreachable(type(error).__name__) from error
    except _SILENT as error:
        raise bedrock_errors.no_answer(type(error).__name__) from error
    except _CUT as error:
        raise bedrock_errors.disconnected(type(error).__name__) from error


def in_contract(error: Exception) -> ApiError:
    """The ApiError for any failure of a call. AWS errors that get this far come from our tables, not from Bedrock."""
    match error:
        case ApiError():
            return error
        case TunedropError():
            return api_errors.of(error)
        case ClientError() | BotoCoreError():
            return api_errors.tables_unavailable(type(error).__name__)
        case _:
            return api_errors.unexpected(type(error).__name__)

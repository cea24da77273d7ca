"""The errors of the service, with their HTTP status.

* ServiceError: any error that the caller sees, by its code
  + invalid(...), not_found(...), over_quota(...): the frequent ones, ready to raise
"""

from types import MappingProxyType
from typing import Final

# Conflict and ServiceQuotaExceeded are 400 here, not 409 or 402 (docs/facts.md#errors).
HTTP_STATUS: Final = MappingProxyType(
    {
        "AccessDeniedException": 403,
        "ConflictException": 400,
        "InternalServerException": 500,
        "ModelErrorException": 424,
        "ModelNotReadyException": 429,
        "ModelStreamErrorException": 424,
        "ModelTimeoutException": 408,
        "NoSuchResourceException": 400,
        "ResourceNotFoundException": 404,
        "ServiceQuotaExceededException": 400,
        "ServiceUnavailableException": 503,
        "ThrottlingException": 429,
        "TooManyRequestsException": 400,
        "TooManyTagsException": 400,
        "UnknownOperationException": 501,
        "ValidationException": 400,
    }
)


class ServiceError(Exception):
    """An error with one of the service's own codes; `members` are further members of its body."""

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.members = members

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return HTTP_STATUS[self.code]


def invalid(message: str) -> ServiceError:
    """A ValidationException: the request violates a rule."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """A ResourceNotFoundException: what the request names does not exist."""
    return ServiceError("ResourceNotFoundException", message)


def over_quota(message: str) -> ServiceError:
    """A ServiceQuotaExceededException: a quota of the account does not allow it."""
    return ServiceError("ServiceQuotaExceededException", message)

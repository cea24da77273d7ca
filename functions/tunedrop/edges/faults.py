"""What botocore raises when AWS refuses a call, or does not answer it."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

FAULTS = (ClientError, BotoCoreError)


def code_of(fault: Exception) -> str:
    """The service's code, such as ThrottlingException; the name of the error where no service answered."""
    if isinstance(fault, ClientError):
        return fault.response.get("Error", {}).get("Code", "")
    return type(fault).__name__

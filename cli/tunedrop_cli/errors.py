"""Exceptions that end a command; `main` turns each into an exit code and one line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


class WrongUsage(Exception):
    """The command line asks for something impossible: exit code 2."""


class Unreadable(Exception):
    """A file could not be read, or not to its end: exit code 2."""


class Refused(Exception):
    """ControlApi answered with an error, or not at all (status 0): exit code 1.

    `code` is stable; the text is for people.
    """

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        self.status = status
        self.code = error.get("code")
        told = " ".join(str(part) for part in (status, self.code) if part)
        super().__init__(f"{told}: {error.get('message')}")
        self.error = error

    @property
    def is_in_doubt(self) -> bool:
        """Whether the request may have been carried out all the same."""
        return self.code in {"no_answer", "request_in_progress"} or self.status >= 500


def refusals() -> tuple[type[Exception], ...]:
    """The exceptions of exit code 1: Refused and those of AWS's SDK, which is not imported just for this."""
    if "boto3" not in sys.modules:
        return (Refused,)
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return Refused, Boto3Error, BotoCoreError, ClientError

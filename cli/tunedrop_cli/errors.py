"""What ends a command early: `main` makes an exit code and one line of each."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


class WrongUsage(Exception):
    """The command line asks for something that does not go: exit code 2."""


class Unreadable(Exception):
    """A file of which no byte could be read, or whose reading broke off: exit code 2."""


class Refused(Exception):
    """ControlApi answered with an error, or not at all (status 0): exit code 1.

    `code` is stable, the text is for people.
    """

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(
            " ".join(str(part) for part in (status or "", f"{error.get('code')}: {error.get('message')}") if part)
        )
        self.status = status
        self.code = error.get("code")
        self.error = error


def refusals() -> tuple[type[Exception], ...]:
    """Refused and what AWS's SDK raises (exit code 1). Where no command has imported the SDK, it need not be now."""
    if "boto3" not in sys.modules:
        return (Refused,)
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return Refused, Boto3Error, BotoCoreError, ClientError

"""The data bucket: its name, and the client for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Bucket:
    """The first argument of every function in this folder."""

    s3: S3Client
    name: str
    copying: Callable[[], S3Client]
    """The client for copies, which waits longer for each."""
    denials_may_pass: bool = False
    """Whether reads raise botocore's AccessDenied, so that they are tried again, instead of Unreadable."""

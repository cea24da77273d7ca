"""The data bucket: which one, and the client that reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Bucket:
    """What every function of this folder takes first."""

    s3: S3Client
    name: str

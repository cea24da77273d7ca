"""Reports where the stack stored them, by the links, or the places in S3, that ControlApi answers with."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from tunedrop_cli.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ANSWERS_WITHIN = 40.0
"""Seconds to wait for the next byte."""


def read(url: str) -> bytes:
    """Read what a link leads to. Raises Refused."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN) as answer:  # noqa: S310
            return bytes(answer.read())
    except (OSError, HTTPException) as error:
        raise Refused(0, {"code": "report_unread", "message": f"the report could not be read: {error}"}) from None


def read_object(s3: S3Client, uri: str) -> bytes:
    """Read an object by its s3:// URI, with the person's own credentials. Raises Refused."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        words = f"{uri} could not be read: {error}. It holds data; whoever has ReaderPolicy may read it"
        raise Refused(0, {"code": "report_unread", "message": words}) from None

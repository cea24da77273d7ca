"""Upload a file of answers that were made elsewhere, so that an evaluation can judge against them."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunedrop.domain.evaluation.answer_files import MAX_BYTES

from tunedrop_cli.errors import Refused, WrongUsage
from tunedrop_cli.paths import place

if TYPE_CHECKING:
    from tunedrop_cli.control import ControlApi

TAKES = 600.0
"""Seconds until S3 has the file."""


def upload(api: ControlApi, dataset: str, path: Path) -> str:
    """Upload the file by a link of ControlApi's; return the name of the candidate. Raises WrongUsage and Refused."""
    content = _read(path)
    wanted = {"answers": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    link = api.post(place("datasets", dataset, "uploads"), wanted)
    _put(link, content)
    return f"answers/{path.name}"


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise WrongUsage(f"{path} has {size:,} bytes; a file of answers may have {MAX_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise WrongUsage(f"{path} can't be read: {error.strerror}") from None


def _put(link: dict[str, Any], content: bytes) -> None:
    request = urllib.request.Request(link["url"], content, link["headers"], method=link["method"])  # noqa: S310
    try:
        urllib.request.urlopen(request, timeout=TAKES).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            words = f"S3 refused {link['key']} with status {error.code}: try again"
        raise Refused(error.code, {"code": "upload_refused", "message": words}) from None
    except (OSError, HTTPException) as error:
        raise Refused(0, {"code": "upload_failed", "message": f"{link['key']} did not arrive: {error}"}) from None

"""Seam: answers requests for a range of an object's version, for which MiniStack returns the whole version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import s3

from tunedrop_local.adapter import seams

_CHECKSUM = "x-amz-checksum-mode"  # asks for the whole object's checksum, which a range does not match


def install() -> None:
    """Cuts GetObject's answers for a version to the requested range."""
    get = seams.original(s3, "_get_object", "bucket_name", "key", "headers", "query_params")
    seams.original(s3, "_parse_range", "range_header", "total")

    def get_range(bucket: str, key: str, headers: Mapping[str, str], query: Any = None) -> Any:
        asked = headers.get("range")
        if not asked or "versionId" not in (query or {}):
            return get(bucket, key, headers, query)
        without = {name: value for name, value in headers.items() if name != _CHECKSUM}
        return cut(get(bucket, key, without, query), asked)

    seams.replace(s3, "_get_object", get_range)


def cut(answer: tuple[int, Mapping[str, str], bytes], asked: str) -> tuple[int, Mapping[str, str], bytes]:
    """Cuts a 200 answer to the requested range; any other answer is returned unchanged."""
    status, headers, body = answer
    if status != 200:
        return answer
    found = s3._parse_range(asked, len(body))
    if found is None:
        return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
    start, end = found
    piece = body[start : end + 1]
    place = {"Content-Length": str(len(piece)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return 206, {**headers, **place}, piece

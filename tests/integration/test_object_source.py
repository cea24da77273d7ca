"""An object version as a source: all of it in order, ranges of it, and what will never be readable."""

from __future__ import annotations

import pytest
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.edges.s3 import objects

KEY, BODY = "incoming/x/train.parquet", bytes(range(256)) * 10


def test_a_version_is_read_whole_and_by_place(stack):
    stored = stack.s3.put_object(Bucket=stack.bucket, Key=KEY, Body=BODY)
    stack.s3.put_object(Bucket=stack.bucket, Key=KEY, Body=b"newer")
    source = objects.ObjectSource(stack.cloud.bucket, StoredFile(KEY, stored["VersionId"], len(BODY), ""))
    assert source.size == len(BODY)
    assert b"".join(source.chunks()) == BODY
    assert source.read(10, 5) == BODY[10:15]
    assert source.read(len(BODY) - 3, 100) == BODY[-3:]
    assert source.read(len(BODY), 5) == source.read(0, 0) == b""


def test_what_is_gone_rises_as_unreadable(stack):
    source = objects.ObjectSource(stack.cloud.bucket, StoredFile("incoming/x/none", "null", 9, ""))
    with pytest.raises(objects.Unreadable):
        list(source.chunks())
    with pytest.raises(objects.Unreadable):
        source.read(0, 5)

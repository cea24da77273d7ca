"""The findings that lie beside a report are the first of them, and never more than can be written in time."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, cast

from tunedrop.actions.datasets.store_findings import FindingWriters
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import examples, version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.sources import Bytes
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges.s3.bucket import Bucket
from tunedrop.edges.s3.overlapped_transfer import BackgroundSender

MOST = 70


class Stored:
    """What was put, by key: (content type, bytes)."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, bytes]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "data"
        self.objects[Key] = ContentType, Body
        return {}


def test_only_the_first_findings_are_stored():
    s3 = Stored()
    version = Version("support-bot", 1, "processing", {}, None, datetime(2026, 11, 22, tzinfo=UTC))
    plan = Assignment(base_models=(catalogue.find("claude-3-haiku"),), splits=("train",), systems={})
    part = Part("train.jsonl", "jsonl", Bytes(examples.good(40)() * 3))
    bucket = Bucket(cast(Any, s3), "data", lambda: cast(Any, s3))
    with BackgroundSender() as sender, ExitStack() as held:
        writers = FindingWriters(version, bucket, sender, held, most=MOST)
        (result,) = version_examination.examine({"train": [part]}, plan, tell=writers.tell)
        writers.keep(result)
    assert result.counts == {"exact_duplicate": 80}
    place = "reports/support-bot/1/claude-3-haiku/train.findings"
    (kind, lines), (spreadsheet, rows) = s3.objects[f"{place}.jsonl"], s3.objects[f"{place}.csv"]
    assert [json.loads(line)["line"] for line in lines.splitlines()] == list(range(41, 41 + MOST))
    assert rows.count(b"\r\n") == MOST + 1
    assert (kind, spreadsheet) == ("application/jsonl", "text/csv; charset=utf-8")

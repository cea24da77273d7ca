"""Store the findings beside a report that lists only the first of each code: up to MOST_STORED of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.findings import MOST_STORED, Finding
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.reports import finding_lines
from tunedrop.domain.reports.finding_lines import Form
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges.s3 import objects
from tunedrop.edges.s3.bucket import Bucket
from tunedrop.edges.s3.object_writer import JSON_LINES, ObjectWriter
from tunedrop.edges.s3.overlapped_transfer import BackgroundSender

_FORMS: tuple[tuple[Form, bytes, str], ...] = (
    (finding_lines.as_json, b"", JSON_LINES),
    (finding_lines.as_csv, finding_lines.HEAD, "text/csv; charset=utf-8"),
)
"""The forms that object_keys.findings has keys for, each with its first line and its content type."""


class FindingWriters:
    """The files of findings of one split; nothing remains of those that are not kept. `held` ends them."""

    def __init__(
        self,
        version: Version,
        bucket: Bucket,
        sender: BackgroundSender,
        held: ExitStack,
        most: int = MOST_STORED,
    ) -> None:
        self._version = version
        self._bucket = bucket
        self._sender = sender
        self._held = held
        self._most = most
        self._open: dict[tuple[str, Split], list[ObjectWriter]] = {}

    def tell(self, base_model: BaseModel, split: Split) -> Callable[[Finding], object]:
        """What takes the findings of a base model's report, one by one."""
        report = object_keys.report(self._version.dataset, self._version.number, base_model.name, split)
        keys = object_keys.findings(report)
        writers = [self._writer(key, kind) for key, (_, _, kind) in zip(keys, _FORMS, strict=True)]
        self._open[base_model.name, split] = writers
        for writer, (_, head, _) in zip(writers, _FORMS, strict=True):
            writer.write(head)
        left = self._most

        def take(finding: Finding) -> None:
            nonlocal left
            if left > 0:
                left -= 1
                for writer, (form, _, _) in zip(writers, _FORMS, strict=True):
                    writer.write(form(finding, base_model, split))

        return take

    def _writer(self, key: str, content_type: str) -> ObjectWriter:
        return self._held.enter_context(ObjectWriter(self._bucket, key, self._sender, content_type))

    def keep(self, result: Examined) -> None:
        """Store a report's findings if it does not list all of them."""
        if result.truncated:
            for writer in self._open[result.base_model, result.split]:
                writer.complete()


def copy(report: str, to: str, bucket: Bucket) -> None:
    """Copy the findings stored beside a report to those of another report. Raises objects.Unreadable."""
    for source, key in zip(object_keys.findings(report), object_keys.findings(to), strict=True):
        objects.copy(bucket, StoredFile(source, "null", 0, ""), key)

"""A split file's bytes as entries: each line's record or what is wrong with it. One pass, flat memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from tunedrop.base_models.catalogue import RecordFormat
from tunedrop.data import detection, documents, formats, lines
from tunedrop.data.defects import Defect
from tunedrop.data.records import Record

READABLE = frozenset({"jsonl"})
"""File extensions whose content this release reads."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one line gave. `line` and `number` (of the record) start at 1; None: the file as a whole."""

    line: int | None
    number: int | None
    record: Record | None
    defects: tuple[Defect, ...] = ()


class SplitFileReader:
    """Entries of one split file; `records`, `format` and `normalised` are complete once all were taken."""

    def __init__(self, chunks: Iterable[bytes], extension: str) -> None:
        self._chunks = chunks
        self._extension = extension
        self.records = 0
        self.format: RecordFormat | None = None
        self.normalised: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Entry]:
        if self._extension not in READABLE:
            yield Entry(None, None, None, (_not_readable(self._extension),))
            return
        chunks = iter(self._chunks)
        head = _head(chunks)
        if head and (instead := detection.identify(head)):
            yield Entry(None, None, None, (instead,))
            return
        yield from self._entries(chain([head], chunks))
        if not self.records:
            yield Entry(None, None, None, (Defect("empty_file", "The file holds no record."),))

    def _entries(self, chunks: Iterable[bytes]) -> Iterator[Entry]:
        first_blank = blanks = 0
        for line in lines.read(chunks, self.normalised):
            if line.raw is not None and not line.raw.strip():
                first_blank = first_blank or line.number
                blanks += 1
                self.normalised["blank_line"] += 1
                continue
            if blanks:
                yield Entry(first_blank, None, None, (_blank(blanks),))
                first_blank = blanks = 0
            self.records += 1
            yield self._entry(line)

    def _entry(self, line: lines.Line) -> Entry:
        if line.raw is None:
            size = f"{lines.MAX_LINE_BYTES // 2**20} MiB"
            return Entry(line.number, self.records, None, (Defect("line_too_long", f"The line is over {size}."),))
        document = documents.parse(line.raw)
        if isinstance(document, Defect):
            return Entry(line.number, self.records, None, (document,))
        return self._recognise(line.number, document)

    def _recognise(self, line: int, document: documents.Document) -> Entry:
        format_ = formats.detect(document)
        if isinstance(format_, Defect):
            return Entry(line, self.records, None, (format_,))
        self.format = self.format or format_.name
        reading = format_.read(document)
        defects = reading.defects
        if format_.name != self.format:
            defects = (_mixed(self.format, format_.name), *defects)
        return Entry(line, self.records, reading.record, defects)


def _head(chunks: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= detection.HEAD_BYTES:
            break
    return head


def _not_readable(extension: str) -> Defect:
    return Defect("format_not_supported_yet", f"This release does not read .{extension} files yet.")


def _blank(count: int) -> Defect:
    return Defect("blank_line", "A blank line." if count == 1 else f"{count} blank lines in a row.")


def _mixed(first: RecordFormat, other: RecordFormat) -> Defect:
    titles = formats.FORMATS[first].title, formats.FORMATS[other].title
    return Defect("mixed_formats", f"The file began in the format {titles[0]}; this record is in {titles[1]}.")

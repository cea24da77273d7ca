"""A split's files as entries: each record, or what is wrong in its place. One pass, flat memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from tunedrop.base_models.catalogue import RecordFormat
from tunedrop.data import detection, documents, formats, lines
from tunedrop.data.bulk import Cells
from tunedrop.data.defects import Defect
from tunedrop.data.mapping import FieldMapping
from tunedrop.data.records import Record
from tunedrop.data.sources import Source

READABLE = frozenset({"jsonl"})
"""File extensions whose content this release reads."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of a split's files: its name as findings say it (S3 key or path), its extension, its bytes."""

    name: str
    extension: str
    source: Source


@dataclass(frozen=True, slots=True)
class Entry:
    """What one place of a file gave. `line` of the file and `number` of the split's record start at 1.

    No line where the file has none; no number where the entry is about a line that is no record, or the whole file.
    """

    source: str
    """The part's name."""
    line: int | None
    number: int | None
    record: Record | None
    defects: tuple[Defect, ...] = ()

    def with_defects(self, more: tuple[Defect, ...]) -> Entry:
        """The same with what was found since."""
        return replace(self, defects=self.defects + more)


class SplitFileReader:
    """Entries of a split's files in order; the attributes are complete once all were taken."""

    def __init__(self, parts: Sequence[Part], mapping: FieldMapping | None = None) -> None:
        self._parts = parts
        self._mapping = mapping
        self.records = 0
        self.format: RecordFormat | None = None
        self.container: str | None = None
        self.normalised: Counter[str] = Counter()

    def items(self, screen: Callable[[bytes], bool] | None = None) -> Iterator[Entry | Cells]:
        """The same entries; where the screen lets blocks of plain lines pass, these as cells."""
        yield from self

    def __iter__(self) -> Iterator[Entry]:
        for part in self._parts:
            yield from self._part(part)

    def _part(self, part: Part) -> Iterator[Entry]:
        if part.extension not in READABLE:
            yield Entry(part.name, None, None, None, (_not_readable(part.extension),))
            return
        self.container = self.container or part.extension
        chunks = part.source.chunks()
        head = _head(chunks)
        if head and (instead := detection.identify(head)):
            yield Entry(part.name, None, None, None, (instead,))
            return
        before = self.records
        yield from self._entries(part.name, chain([head], chunks))
        if self.records == before:
            yield Entry(part.name, None, None, None, (Defect("empty_file", "The file holds no record."),))

    def _entries(self, source: str, chunks: Iterable[bytes]) -> Iterator[Entry]:
        first_blank = blanks = 0
        for line in lines.read(chunks, self.normalised):
            if line.raw is not None and not line.raw.strip():
                first_blank = first_blank or line.number
                blanks += 1
                self.normalised["blank_line"] += 1
                continue
            if blanks:
                yield Entry(source, first_blank, None, None, (_blank(blanks),))
                first_blank = blanks = 0
            self.records += 1
            yield self._entry(source, line)

    def _entry(self, source: str, line: lines.Line) -> Entry:
        if line.raw is None:
            size = f"{lines.MAX_LINE_BYTES // 2**20} MiB"
            defect = Defect("line_too_long", f"The line is over {size}.")
            return Entry(source, line.number, self.records, None, (defect,))
        document = documents.parse(line.raw)
        if isinstance(document, Defect):
            return Entry(source, line.number, self.records, None, (document,))
        return self._recognise(source, line.number, document)

    def _recognise(self, source: str, line: int, document: documents.Document) -> Entry:
        format_ = formats.detect(document)
        if isinstance(format_, Defect):
            return Entry(source, line, self.records, None, (format_,))
        self.format = self.format or format_.name
        reading = format_.read(document)
        defects = reading.defects
        if format_.name != self.format:
            defects = (_mixed(self.format, format_.name), *defects)
        return Entry(source, line, self.records, reading.record, defects)


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

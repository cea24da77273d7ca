"""Read a split's files into entries, each a record or the defects in its place. One pass, constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tunedrop.domain.formats import all_formats, tool_turns
from tunedrop.domain.formats.all_formats import SourceFormat
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.parquet import Ask, Asked
from tunedrop.domain.reading import absent_values, containers, kept_fields, lines
from tunedrop.domain.reading.columns import Columns
from tunedrop.domain.reading.containers import Opened
from tunedrop.domain.records import bulk, raw_texts, strict_json
from tunedrop.domain.records.bulk import Cells
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.record import Document, Reading, Record
from tunedrop.domain.records.sources import Source
from tunedrop.domain.texts.tool_blocks import Rendering

Screen = Callable[[bytes], bool]
"""Whether a block of whole lines may be taken in bulk, without reading its records one by one."""

MAX_ELEMENTS = 2_000_000
"""Lines (blank ones included), elements or rows per split: a hundred times what any base model takes, and few enough
for a verdict within the 900 seconds a Lambda function may run."""

_TOO_MANY = Defect("too_many_lines", f"More than {MAX_ELEMENTS:,} lines, elements or rows; the rest was not read.")


@dataclass(frozen=True, slots=True)
class Part:
    """One of a split's files: its name in findings (S3 key or path), its extension without the dot, its bytes."""

    name: str
    extension: str
    source: Source


@dataclass(frozen=True, slots=True)
class Entry:
    """What was read from one place of a file. `line` in the file and `number` in the split count from 1.

    `line` is None if the file has no lines; `number` is None if the entry is about a blank line or the whole file.
    """

    source: str
    """The part's name."""
    line: int | None
    number: int | None
    record: Record | None
    defects: tuple[Defect, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are kept beside the record, and are no part of it."""

    def with_defects(self, more: tuple[Defect, ...]) -> Entry:
        """Return a copy with more defects."""
        return replace(self, defects=self.defects + more)


_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Plain:
    """A block of plain lines: its texts, its first line, and whether it is taken as a whole."""

    cells: Cells
    line: int
    whole: bool


class SplitFileReader:
    """Iterates over the entries of a split's files, in order. The attributes are complete after the last entry."""

    def __init__(
        self,
        parts: Sequence[Part],
        mapping: FieldMapping | None = None,
        most: int = MAX_ELEMENTS,
        *,
        keep: frozenset[str] = frozenset(),
        ignore: frozenset[str] = frozenset(),
        rendering: Rendering | None = None,
    ) -> None:
        self._parts = parts
        self._mapping = mapping
        self._keep = keep
        self._ignore = ignore
        self._rendering = rendering
        self._left = most
        self.records = 0
        self.format: SourceFormat | None = None
        self.container: str | None = None
        """What the first file is, as an extension."""
        self.normalised: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Entry]:
        return (item for item in self.items() if isinstance(item, Entry))

    def items(self, screen: Screen | None = None) -> Iterator[Entry | Cells]:
        """Yield the entries; blocks of plain lines that the screen accepts come as Cells instead."""
        for part in self._parts:
            before = self.records
            try:
                yield from self._part(part, screen)
            except UnreadableContent as unreadable:
                yield Entry(part.name, unreadable.defect.line, None, None, (unreadable.defect,))
                continue
            if self.records == before:
                yield Entry(part.name, None, None, None, (Defect("empty_file", "The file holds no record."),))

    def _part(self, part: Part, screen: Screen | None) -> Iterator[Entry | Cells]:
        opened = containers.open_file(part.source, part.extension, self.normalised)
        self.container = self.container or opened.name
        judge = _Judge(
            self,
            self._mapping,
            part.name,
            opened.unit,
            keep=self._keep,
            ignore=self._ignore,
            rendering=self._rendering,
        )
        first_blank, blanks = None, 0
        for item in self._content(opened, screen, judge.ask):
            self._left -= 1 if isinstance(item, Element) else len(item.cells)
            if self._left < 0:
                raise UnreadableContent(_TOO_MANY)
            if isinstance(item, Element) and isinstance(item.content, bytes) and not item.content.strip():
                first_blank = first_blank or item.line
                blanks += 1
                self.normalised["blank_line"] += 1
                continue
            if blanks:
                yield Entry(part.name, first_blank, None, None, (_blank(blanks),))
                first_blank, blanks = None, 0
            if isinstance(item, Element):
                self.records += 1
                yield judge.entry(item)
            elif item.whole:
                self.records += len(item.cells)
                yield item.cells
            else:
                yield from self._plain(part.name, item)

    def _plain(self, source: str, plain: _Plain) -> Iterator[Entry]:
        for line, record in enumerate(bulk.records(plain.cells), start=plain.line):
            self.records += 1
            yield Entry(source, line, self.records, record, (), _NOTHING)

    def _content(self, opened: Opened, screen: Screen | None, ask: Ask) -> Iterator[Element | _Plain]:
        by_itself = self._mapping is not None or self._keep or self._ignore or self._rendering
        if opened.found.container != "jsonl" or by_itself:
            yield from opened.elements(self.normalised, ask, self._mapping.fields if self._mapping else frozenset())
            return
        line = 1
        for block in lines.blocks(opened.chunks):
            cells = self._cells(block)
            if block is not None and cells is not None:
                yield _Plain(cells, line, screen is not None and screen(block))
                line += len(cells)
                continue
            for element in lines.read_block(block, line, self.normalised):
                line += 1
                yield element

    def _cells(self, block: bytes | None) -> Cells | None:
        if block is None or self.format not in {None, "prompt_completion"}:
            return None
        cells = bulk.cells(block)
        if cells is None or len(cells) > self._left:
            return None
        self.format = "prompt_completion"
        return cells


class _Judge:
    """Turns one file's elements into entries and keeps track of the split's format."""

    def __init__(
        self,
        reader: SplitFileReader,
        mapping: FieldMapping | None,
        source: str,
        unit: str,
        *,
        keep: frozenset[str],
        ignore: frozenset[str],
        rendering: Rendering | None,
    ) -> None:
        self._reader = reader
        self._keep = keep
        self._ignore = ignore
        self._rendering = rendering
        self._mapping = mapping
        self._lists = absent_values.LISTS | ({mapping.messages} if mapping and mapping.messages else frozenset())
        self._source = source
        self._unit = unit
        self._columns = Columns(reader.normalised, mapping)
        self._before = reader.records
        self._told: set[Defect] = set()
        """Defects of a table's columns already reported: every row would repeat them."""

    def ask(self, names: Sequence[str]) -> Asked:
        """What of a Parquet file's columns is needed."""
        return asked(names, self._columns, self._keep, self._ignore)

    def entry(self, element: Element) -> Entry:
        """Read an element's record, or the defects in its place."""
        document, kept = self._document(element.content)
        if isinstance(document, Defect):
            return self._entry(_line(element, document), None, (document,))
        first = self._reader.records == self._before + 1
        format_ = all_formats.detect(document, self._mapping, self._reader.format, first=first)
        if isinstance(format_, Defect):
            return self._entry(element.line, None, self._once(element, kept_fields.blamed((format_,), self._ignore)))
        reading = self._reading(format_, document, element.content)
        record = reading.record
        self._reader.normalised.update(reading.normalised)
        found = kept_fields.blamed(reading.defects, self._ignore)
        defects = self._mixed(format_) + self._once(element, found) + (*kept_fields.null_references(kept),)
        entry = self._entry(element.line, record, defects)
        return replace(entry, kept=kept) if kept else entry

    def _reading(self, format_: all_formats.RecordSource, document: Document, content: object) -> Reading:
        reading = format_.read(document)
        if reading.record is not None and isinstance(content, bytes):
            reading = replace(reading, record=raw_texts.attach(reading.record, content))
        return tool_turns.rendered(reading) if self._rendering else reading

    def _document(self, content: bytes | Mapping[str, Any] | Defect) -> tuple[Document | Defect, Mapping[str, Any]]:
        """What the formats read, and what is kept beside it."""
        found = strict_json.parse(content, self._unit) if isinstance(content, bytes) else content
        if isinstance(found, Defect):
            return found, {}
        kept: Mapping[str, Any] = {}
        if self._keep:
            found, kept = kept_fields.parted(found, self._keep)
            self._reader.normalised["field_left_out"] += len(kept)
        if self._ignore:
            found, ignored = kept_fields.without(found, self._ignore)
            self._reader.normalised["field_left_out"] += ignored
        document = found if isinstance(content, bytes) else self._columns.document(found)
        raw = content if isinstance(content, bytes) else None
        if self._mapping is not None and self._mapping.applies(document):  # it reads no null, and counts all others
            unit = "cell" if raw is None else "text"
            return absent_values.lists(document, self._reader.normalised, self._lists, unit), kept
        return absent_values.read(document, raw, self._reader.normalised, self._lists), kept

    def _entry(self, line: int | None, record: Record | None, defects: tuple[Defect, ...]) -> Entry:
        return Entry(self._source, line, self._reader.records, record, defects)

    def _once(self, element: Element, defects: tuple[Defect, ...]) -> tuple[Defect, ...]:
        if not _is_whole_row(element.content):
            return defects
        new = tuple(defect for defect in defects if defect not in self._told)
        self._told.update(defect for defect in new if defect.path == "$")
        return new

    def _mixed(self, format_: all_formats.RecordSource) -> tuple[Defect, ...]:
        first = self._reader.format = self._reader.format or format_.name
        if not all_formats.agree(first, format_.name):
            titles = all_formats.SOURCES[first].title, format_.title
            message = f"The file began in the format {titles[0]}; this record is in {titles[1]}."
            return (Defect("mixed_formats", message),)
        if format_.name == "openai_chat":
            self._reader.format = format_.name
        return ()


def asked(names: Sequence[str], columns: Columns, keep: frozenset[str], ignore: frozenset[str]) -> Asked:
    """What of a Parquet file's columns is needed, and what of them is left out unread."""
    found = columns.ask([name for name in names if name not in keep | ignore])
    return Asked(found.needed | keep, found.unread | (ignore - keep))


def all_readable(mapping: FieldMapping | None, keep: frozenset[str], ignore: frozenset[str]) -> Ask:
    """Ask for all of a Parquet file's columns, and pass over what cannot be read where a record does without it."""
    columns = Columns(Counter(), mapping)
    return lambda names: replace(asked(names, columns, keep, ignore), unread=frozenset())


def _is_whole_row(content: bytes | Mapping[str, Any] | Defect) -> bool:
    """Whether an element is a row without null cells: then defects of its fields are those of the table's columns."""
    return isinstance(content, Mapping) and None not in content.values()


def _line(element: Element, defect: Defect) -> int | None:
    """The defect's line in the file, if the element spans several."""
    return element.line if element.line is None or defect.line is None else element.line + defect.line - 1


def _blank(count: int) -> Defect:
    return Defect("blank_line", "A blank line." if count == 1 else f"{count} blank lines in a row.")

"""Mend a file into JSON Lines that say the same. What is not safe to mend is left alone, for the checks to report.

A mend is safe if the input has only one meaning: no text is invented, rewritten or left out. Mends are counted, with
the first lines they changed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.mending import almost_json, fields
from tunedrop.domain.parquet import PASSED_OVER, Asked
from tunedrop.domain.reading import kept_fields, split_files
from tunedrop.domain.reading.columns import Columns
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.strict_json import JsonObject

FIRST_LINES = 5
"""Lines listed per mend."""
MEMORY = 1_000_000
"""Records remembered to find duplicates, a hundred bytes each. Records after those are all kept."""

MENDS: Mapping[str, str] = {
    "unpacked": "gzip unpacked",
    "encoding_converted": "text in UTF-16 or UTF-32 converted to UTF-8",
    "byte_order_mark": "byte-order mark at the beginning removed",
    "crlf_line_end": "lines ended by CR LF now end in LF",
    "blank_line": "blank lines removed",
    "array_to_lines": "elements of an array written on a line each",
    "rows_to_lines": "rows of a table written as an object each",
    "spread_object": "objects spread over several lines put on one",
    "line_split": "several objects on one line given a line each",
    "separator_removed": "byte-order marks, record separators and no-break spaces between records removed",
    "comma_removed": "commas after an object or before a closing bracket removed",
    "control_character_escaped": "tabs and other control characters in strings written as escapes",
    "repeated_key_removed": "keys that occurred twice with the same value kept once",
    "python_notation": "objects in Python's notation written as JSON",
    "separator_line": "a spreadsheet's line that names the separator removed",
    "title_row": "titles above the names of columns removed",
    "unnamed_column": "columns without a name removed, which hold nothing or row numbers",
    "list_parsed": "lists written as text put in the place of that text",
    "turn_rewritten": "messages of LangChain written with role and content",
    "pair_parted": "turns with a question and its answer made two turns",
    "form_corrected": "texts written as the blocks that the format wants, or the other way round",
    "field_renamed": "fields of other names (case, blanks, speaker, text) renamed to what the format calls them",
    "role_renamed": "other names of roles replaced with user, assistant or system",
    "field_removed": "fields about a record rather than of it removed: ids, row numbers, metadata, null, ignored ones",
    "empty_system_removed": "empty system texts removed",
    "duplicate_removed": "exact copies of an earlier record removed",
}
"""Every mend, in report order."""


@dataclass(slots=True)
class Mend:
    """One kind of mend: how often it was made, and the first few lines of the original file it changed."""

    what: str
    count: int = 0
    lines: list[int] = field(default_factory=list)


class Mender:
    """Mends one file, or several files of one split; exact duplicates are removed across all of them."""

    def __init__(
        self,
        mapping: FieldMapping | None = None,
        keep: frozenset[str] = frozenset(),
        ignore: frozenset[str] = frozenset(),
    ) -> None:
        self._mapping = mapping
        self._keep = keep
        self._ignore = ignore
        self._normalised: Counter[str] = Counter()
        self._columns = Columns(self._normalised, mapping)
        self._mends: dict[str, Mend] = {}
        self._seen: set[bytes] = set()
        self.lost: list[tuple[int | None, Defect]] = []
        """(line, defect) of what was too long to hold and so is missing from the result."""
        self.written = 0
        self.mapped = mapping.fields if mapping else frozenset[str]()
        """Names of fields that the mapping knows."""

    @property
    def mends(self) -> list[Mend]:
        """The mends that were made, in the order of MENDS."""
        return [self._mends[what] for what in MENDS if what in self._mends]

    def note(self, what: str, line: int | None = None, count: int = 1) -> None:
        """Count a mend (a key of MENDS) and remember its line if it is among the first."""
        mend = self._mends.setdefault(what, Mend(what))
        mend.count += count
        if line is not None and len(mend.lines) < FIRST_LINES:
            mend.lines.append(line)

    def ask(self, names: Sequence[str]) -> Asked:
        """What of a Parquet file's columns is needed: all that are written, so that none is written unread."""
        unread = split_files.asked(names, Columns(Counter(), self._mapping), self._keep, self._ignore).unread
        return Asked(frozenset(names) - unread, unread)

    def lines(self, elements: Iterable[Element]) -> Iterator[bytes]:
        """Yield the mended JSON line of each record, line feed included."""
        for element in elements:
            yield from self._element(element)

    def _element(self, element: Element) -> Iterator[bytes]:
        if isinstance(element.content, Defect):
            self.lost.append((element.line, element.content))
        elif isinstance(element.content, bytes):
            yield from self._raw(element.content, element.line)
        else:
            yield from self._row(element.content, element.line)

    def _row(self, row: Mapping[str, Any], line: int | None) -> Iterator[bytes]:
        """Write a row under its normalized column names. Columns to keep are no part of the record."""
        kept = {name: value for name, value in row.items() if name in self._keep}
        document = self._columns.document({name: value for name, value in row.items() if name not in kept})
        for what, done in (("field_left_out", "field_removed"), ("column_renamed", "field_renamed")):
            if count := self._normalised.pop(what, 0):
                self.note(done, line, count)
        if unread := [name for name, value in document.items() if value is PASSED_OVER]:  # a mapping leaves them out
            self.note("field_removed", line, len(unread))
            document = {name: value for name, value in document.items() if name not in unread}
        yield from self._document({**document, **kept}, None, line)

    def _raw(self, raw: bytes, line: int | None) -> Iterator[bytes]:
        document = strict_json.parse(raw)
        if isinstance(document, dict):
            yield from self._document(document, raw, line)
            return
        meant = almost_json.mend(raw)
        if not meant:
            yield from self._unmeant(raw, line)
        for mended in meant:
            self._noted(mended.mends, line)
            yield from self._document(mended.document, None, line)

    def _unmeant(self, raw: bytes, line: int | None) -> Iterator[bytes]:
        """Write what cannot be parsed. If it spans several lines, try each: some of them may be objects."""
        first, *rest = raw.split(b"\n")
        if not rest:
            self.written += 1
            yield raw + b"\n"
            return
        for number, piece in enumerate((first, *rest)):
            if piece.strip():
                yield from self._raw(piece.removesuffix(b"\r"), None if line is None else line + number)

    def _document(self, document: JsonObject, raw: bytes | None, line: int | None) -> Iterator[bytes]:
        mended, mends = self._mended(document)
        self._noted(mends, line)
        digest = hashlib.blake2b(json.dumps(mended, sort_keys=True).encode(), digest_size=16).digest()
        if digest in self._seen:
            self.note("duplicate_removed", line)
            return
        if len(self._seen) < MEMORY:
            self._seen.add(digest)
        self.written += 1
        untouched = raw is not None and not mends and b"\n" not in raw
        yield (raw.strip(b" \t\r") if raw is not None and untouched else almost_json.encode(mended)) + b"\n"

    def _mended(self, document: JsonObject) -> tuple[JsonObject, tuple[str, ...]]:
        left, ignored = kept_fields.without(document, self._ignore) if self._ignore else (document, 0)
        removed = ("field_removed",) if ignored else ()
        if not self._is_mapped(left):
            mended, mends = fields.mend(left, self._keep)
            return mended, (*removed, *mends)
        found, noted = dict(left), [*removed]
        if self._mapping and self._mapping.messages:
            fields.parse_lists(found, frozenset({self._mapping.messages}), noted)
        return found, tuple(noted)

    def _is_mapped(self, document: JsonObject) -> bool:
        """Whether the person's mapping applies, which fixes the names of the fields."""
        return self._mapping is not None and self._mapping.applies(document)

    def _noted(self, mends: Iterable[str], line: int | None) -> None:
        for what in mends:
            self.note(what, line)

"""Read CSV and TSV into rows of named cells in constant memory; quoted cells may span lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from tunedrop.domain.reading import lines, table_heads
from tunedrop.domain.records import elements, strict_json
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.elements import Element

_ROW_NUMBER = re.compile(r"\d+(?:\.0)?")
"""As pandas writes it; as a fraction where rows were missing."""
_CLOSING = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')


def read(
    chunks: Iterable[bytes],
    delimiter: str,
    normalised: Counter[str],
    longest: int = elements.MAX_BYTES,
    mapped: frozenset[str] = frozenset(),
) -> Iterator[Element]:
    r"""Yield the rows below the header, with their first lines, as mappings of column names to strings.

    Rows end in `\n` or `\r\n`; line ends inside quotes are kept. An empty cell is an empty string, a row of nothing but
    those a blank line. Raises UnreadableContent, with the line, for a header that names no columns and for a quotation
    mark that is never closed. `mapped` are names of columns that a mapping knows.
    """
    # The limit is the whole process's, so it is only ever raised; rows are capped before they reach the csv module.
    csv.field_size_limit(max(csv.field_size_limit(), longest))
    names: Sequence[str] | None = None
    head = table_heads.TableHead(normalised, mapped)
    for line, raw in _Rows(delimiter, longest).read(chunks):
        if raw is None:
            yield Element(line, elements.too_long("row", longest))
            continue
        row = raw.removesuffix(b"\r")
        normalised["crlf_line_end"] += len(raw) - len(row)
        if not row.strip():
            yield Element(line, b"")
        elif line == 1 and table_heads.SEPARATOR_LINE.fullmatch(row):
            normalised["separator_line"] += 1
        elif _is_nothing(cells := _cells(row, delimiter)):
            yield Element(line, b"")
        elif names is None:
            names = head.names(line, cells)
        else:
            yield Element(line, _fields(names, cells, normalised))
    if names is None and head.has_titles:
        raise head.unnamed()


class _Rows:
    """Joins physical lines into rows: a row ends at a line end outside quotation marks."""

    def __init__(self, delimiter: str, longest: int) -> None:
        self._opening = re.compile(rb"(?:\A|" + re.escape(delimiter.encode()) + rb')"')
        self._longest = longest

    def read(self, chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
        """Yield (first line, bytes) of each row; None for a row over the cap."""
        held: list[bytes] = []
        size = first = 0
        for number, piece in enumerate(lines.pieces(chunks, self._longest), start=1):
            if piece is None and not held:
                yield number, None
                continue
            if not held:
                first, size = number, 0
            size += self._longest if piece is None else len(piece) + 1
            if size > self._longest + 1:
                raise _unterminated(first, f"within {self._longest / 2**20:,.0f} MiB")
            still_open = self._stays_open(piece or b"", inside=bool(held))
            held.append(piece or b"")
            if not still_open:
                yield first, b"\n".join(held)
                held = []
        if held:
            raise _unterminated(first, "before the end of the file")

    def _stays_open(self, piece: bytes, *, inside: bool) -> bool:
        place = 0
        while True:
            if inside:
                closing = _CLOSING.match(piece, place)
                if closing is None:
                    return True
                place = closing.end()
            opening = self._opening.search(piece, place)
            if opening is None:
                return False
            place, inside = opening.end(), True


def _unterminated(line: int, where: str) -> UnreadableContent:
    message = f"A quotation mark that opens in the row beginning here is not closed {where}."
    return UnreadableContent(Defect("unterminated_quote", message, line=line))


def _cells(row: bytes, delimiter: str) -> list[str] | Defect:
    text = strict_json.text(row, "row")
    if isinstance(text, Defect):
        return text
    if text.count(delimiter) > elements.MAX_COMMAS:
        return elements.too_many_commas("row")
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return Defect("invalid_row", _LONE_RETURN if "\r" in text else _AFTER_QUOTE)


_AFTER_QUOTE = "There is something between a closing quotation mark and the end of its cell."
_LONE_RETURN = "There is a carriage return outside quotation marks, or something after a closing one."


def _is_nothing(cells: list[str] | Defect) -> bool:
    return not isinstance(cells, Defect) and not any(map(str.strip, cells))


def _fields(names: Sequence[str], cells: list[str] | Defect, normalised: Counter[str]) -> dict[str, str] | Defect:
    """The named cells. A column without a name may hold nothing or, if it is the first, the number of the row."""
    if isinstance(cells, Defect):
        return cells
    if len(cells) < len(names):
        return Defect("row_width", f"The row has {len(cells)} cells, the header {len(names)}.")
    found: dict[str, str] = {}
    for number, (name, cell) in enumerate(zip_longest(names, cells, fillvalue=""), start=1):
        if name:
            found[name] = cell
        elif number == 1 and _ROW_NUMBER.fullmatch(cell):
            normalised["field_left_out"] += 1
        elif cell.strip():
            if number > len(names):
                return Defect("row_width", f"The row has {len(cells)} cells, the header {len(names)}.")
            return Defect("row_width", f"Column {number} has no name, and this row holds text in it.", hint=_NAME_IT)
    return found


_NAME_IT = "Name every column that holds something, or remove it."

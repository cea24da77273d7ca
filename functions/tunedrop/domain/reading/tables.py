"""Read CSV and TSV into rows of named cells in constant memory; quoted cells may span lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tunedrop.domain.reading import lines
from tunedrop.domain.records import elements, strict_json
from tunedrop.domain.records.defects import Defect, UnreadableContent, is_content, shown
from tunedrop.domain.records.elements import Element

_CLOSING = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')


def read(
    chunks: Iterable[bytes], delimiter: str, normalised: Counter[str], longest: int = elements.MAX_BYTES
) -> Iterator[Element]:
    r"""Yield the rows below the header, with their first lines, as mappings of column names to strings.

    Rows end in `\n` or `\r\n`; line ends inside quotes are kept. An empty cell is an empty string. Raises
    UnreadableContent, with the line, for a header that does not name all columns and for a quotation mark that is
    never closed.
    """
    # The limit is the whole process's, so it is only ever raised; rows are capped before they reach the csv module.
    csv.field_size_limit(max(csv.field_size_limit(), longest))
    names: Sequence[str] | None = None
    for line, raw in _Rows(delimiter, longest).read(chunks):
        if raw is None:
            yield Element(line, elements.too_long("row", longest))
            continue
        row = raw.removesuffix(b"\r")
        normalised["crlf_line_end"] += len(raw) - len(row)
        if not row.strip():
            yield Element(line, b"")
        elif names is None:
            names = _header(_cells(row, delimiter), line)
        else:
            yield Element(line, _fields(names, _cells(row, delimiter)))


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


def _header(cells: list[str] | Defect, line: int) -> Sequence[str]:
    if isinstance(cells, Defect):
        raise UnreadableContent(Defect(cells.code, cells.message, hint=cells.hint, line=line))
    names = [cell.strip() for cell in cells]
    if len(names) > 1 and any(map(is_content, names)) and all(is_content(name) or name.isdecimal() for name in names):
        raise _bad_header("The first row holds texts, not the names of columns.", line, _NO_HEADER)
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if not name:
            hint = _ROW_NUMBERS if number == 1 and all(names[1:]) else ""
            raise _bad_header(f"Column {number} of {len(names)} has no name.", line, hint)
        if name in seen:
            raise _bad_header(f"Two columns have the name {shown(name)}.", line)
        seen.add(name)
    return names


_NO_HEADER = "Write a row above it that names the columns, such as prompt,completion."
_ROW_NUMBERS = "It may be pandas' row numbers: write the file with to_csv(index=False), or name the column id."


def _bad_header(message: str, line: int, hint: str = "") -> UnreadableContent:
    return UnreadableContent(Defect("bad_header", message, hint=hint, line=line))


def _fields(names: Sequence[str], cells: list[str] | Defect) -> dict[str, str] | Defect:
    if isinstance(cells, Defect):
        return cells
    if len(cells) != len(names):
        return Defect("row_width", f"The row has {len(cells)} cells, the header {len(names)}.")
    return dict(zip(names, cells, strict=True))

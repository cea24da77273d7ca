"""Find the names of a table's columns, below what spreadsheets write above them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tunedrop.domain.formats import pairs, sharegpt
from tunedrop.domain.records.defects import Defect, UnreadableContent, is_content, shown

SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|])"?\r?')
"""Excel's own first line, which says what separates the cells."""
_MOST_TITLES = 5


class TableHead:
    """Takes the rows at a table's top until the names of its columns are known. A mapping's are `mapped`."""

    def __init__(self, normalised: Counter[str], mapped: frozenset[str] = frozenset()) -> None:
        self._normalised = normalised
        self._mapped = mapped
        self._titles: list[tuple[int, Sequence[str]]] = []
        """The first line and the cells of rows that may be titles."""

    def names(self, line: int, cells: list[str] | Defect) -> Sequence[str] | None:
        """The columns' names, those without one empty; None for a row that may be a title.

        Raises UnreadableContent for a row that names no columns.
        """
        if isinstance(cells, Defect):
            raise UnreadableContent(Defect(cells.code, cells.message, hint=cells.hint, line=line))
        is_mapped = not self._mapped.isdisjoint(map(str.strip, cells))
        if self._titles and (is_mapped or _names_a_record(cells)):
            self._normalised["title_row"] += len(self._titles)
        elif not is_mapped and _may_be_title(cells) and len(self._titles) < _MOST_TITLES:
            self._titles.append((line, cells))
            return None
        elif self._titles:
            raise self.unnamed()
        names = _checked(cells, line)
        if unnamed := names.count(""):
            self._normalised["unnamed_column"] += unnamed
        return names

    def unnamed(self) -> UnreadableContent:
        """What to raise if the file ends, or goes on, below titles only."""
        line, cells = self._titles[0]
        return _bad_header(f"Only column 1 of {len(cells)} has a name.", line, _TITLE)

    @property
    def has_titles(self) -> bool:
        """Whether there were rows that may be titles, and no names below them yet."""
        return bool(self._titles)


def _may_be_title(cells: Sequence[str]) -> bool:
    """Whether only the first of several cells holds something, which is no name that a format knows."""
    return len(cells) > 1 and bool(cells[0].strip()) and not any(map(str.strip, cells[1:])) and not _known(cells)


def _known(cells: Sequence[str]) -> set[str]:
    names = {cell.strip().casefold() for cell in cells}
    return names & {*pairs.QUESTIONS, *pairs.ANSWERS, *sharegpt.NAMES}


def _names_a_record(cells: Sequence[str]) -> bool:
    known = _known(cells)
    return not known.isdisjoint(sharegpt.NAMES) or (
        not known.isdisjoint(pairs.QUESTIONS) and not known.isdisjoint(pairs.ANSWERS)
    )


def _checked(cells: Sequence[str], line: int) -> Sequence[str]:
    names = [cell.strip() for cell in cells]
    if len(names) > 1 and any(map(is_content, names)) and all(is_content(name) or name.isdecimal() for name in names):
        raise _bad_header("The first row holds texts, not the names of columns.", line, _NO_HEADER)
    seen: set[str] = set()
    for name in filter(None, names):
        if name in seen:
            raise _bad_header(f"Two columns have the name {shown(name)}.", line)
        seen.add(name)
    return names


_NO_HEADER = "Write a row above it that names the columns, such as prompt,completion."
_TITLE = "If the first row is a title, remove what stands above the names of the columns; else name every column."


def _bad_header(message: str, line: int, hint: str = "") -> UnreadableContent:
    return UnreadableContent(Defect("bad_header", message, hint=hint, line=line))

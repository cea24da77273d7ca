"""Leave out records that a person chose to drop by their findings. Mending never decides so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.checks.findings import Finding
from tunedrop.domain.mending import almost_json
from tunedrop.domain.parquet import PASSED_OVER, Ask
from tunedrop.domain.reading import containers
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.elements import Element

REPEATING = ("exact_duplicate", "normalised_duplicate", "near_duplicate", "conflicting_answers")
"""Codes of records that repeat or contradict an earlier one, which stays if these are dropped."""
FIRST_LINES = 5


def refusal(code: str, *, of_one_model: bool) -> str:
    """Why records can't be dropped by this code; empty if they can. `of_one_model`: one base model is named."""
    check = CHECKS.get(code)
    if check is None:
        return f"{code!r} is no code of a finding; docs/data-format.md lists them"
    if check.stage == "dataset" or check.find_in_split is not None:
        return f"{code} is about a file or its settings, not about a record"
    if check.find is not None and not check.shared and not of_one_model:
        return f"{code} depends on the base model: name one with --model"
    return ""


class Dropped:
    """Collects the records that findings of the chosen codes name, a bit for each record of the split."""

    def __init__(self, codes: Collection[str]) -> None:
        self._codes = frozenset(codes)
        self._records = bytearray()
        self.counts: Counter[str] = Counter()
        """Dropped records by the first code found of each."""
        self.lines: dict[str, list[int]] = {}
        """The first lines of each code's."""
        self.passed_over: set[str] = set()
        """Columns of Parquet with cells that cannot be read, and that no record needs: they are left out."""

    def take(self, finding: Finding) -> None:
        """Drop the record that the finding names, if its code is chosen."""
        if finding.code not in self._codes or finding.record is None or finding.record in self:
            return
        place, bit = divmod(finding.record, 8)
        self._records.extend(bytes(max(place + 1 - len(self._records), 0)))
        self._records[place] |= 1 << bit
        self.counts[finding.code] += 1
        first = self.lines.setdefault(finding.code, [])
        if finding.line is not None and len(first) < FIRST_LINES:
            first.append(finding.line)

    def __contains__(self, number: int) -> bool:
        """Whether the record of this number, counted from 1, is dropped."""
        place, bit = divmod(number, 8)
        return place < len(self._records) and bool(self._records[place] >> bit & 1)


class UnreadableRecord(UnreadableContent):
    """A record that was not chosen to be dropped, and cannot be written as it stands."""


def kept(
    parts: Sequence[Part], dropped: Dropped, ask: Ask | None = None, mapped: frozenset[str] = frozenset()
) -> Iterator[bytes]:
    """Yield a JSON line for each record that stays, as it stands; blank lines go. `ask` and `mapped` are for tables.

    Raises UnreadableContent for a file that cannot be read, UnreadableRecord for a record that stays.
    """
    number = 0
    for part in parts:
        opened = containers.open_file(part.source, part.extension, Counter())
        for element in opened.elements(Counter(), ask, mapped):
            if isinstance(element.content, bytes) and not element.content.strip():
                continue
            number += 1
            if number not in dropped:
                yield _line(element, dropped.passed_over)


def _line(element: Element, passed_over: set[str]) -> bytes:
    content = element.content
    if isinstance(content, Defect):
        raise UnreadableRecord(replace(content, line=element.line))
    if isinstance(content, bytes):
        return (content if b"\n" not in content else _on_one_line(content, element.line)) + b"\n"
    unread = {name for name, value in content.items() if value is PASSED_OVER}
    passed_over |= unread
    return almost_json.encode({name: value for name, value in content.items() if name not in unread}) + b"\n"


def _on_one_line(content: bytes, line: int | None) -> bytes:
    """An array's element that spans lines. Raises UnreadableRecord unless they end between its values."""
    found = strict_json.parse(content, "element")
    if isinstance(found, Defect):
        raise UnreadableRecord(replace(found, line=line))
    return b" ".join(piece.strip() for piece in content.splitlines())

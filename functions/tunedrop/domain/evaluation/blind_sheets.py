"""Two candidates' answers for people to choose from who can't see whose is which, and what their choices say. Pure.

Which answer is A, and the order of the records, come from a digest of the evaluation's id and the record's number: the
same sheet each time, and no key to keep.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tunedrop.domain.evaluation import paired_tests
from tunedrop.errors import InvalidInput

MOST = 200
"""Records on one sheet: more than people read with care."""
_HEAD = ("record", "choice", "prompt", "A", "B")
_CHOICES: Mapping[str, Preferred] = {"a": "A", "b": "B", "tie": "tie", "=": "tie"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would run a cell that begins so."""

Preferred = Literal["A", "B", "tie"]


@dataclass(frozen=True, slots=True)
class BlindPair:
    """Two answers to one question."""

    record: int
    prompt: str
    texts: tuple[str, str]
    """A and B."""
    ours: Literal["A", "B"]
    """Which of them is the judged candidate's: never on the sheet."""
    metric: float
    """The judged candidate's score less the other one's."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What people chose."""

    ours: int
    theirs: int
    ties: int
    p: float
    """Of the sign test, two-sided and exact; ties say nothing."""
    agree: int
    """Choices that the metric's scores make as well."""
    compared: int
    """Choices between answers that the metric scores differently."""

    @property
    def labels(self) -> int:
        """Choices, ties included."""
        return self.ours + self.theirs + self.ties


def pairs(evaluation_id: str, examples: Iterable[Mapping[str, Any]], ours: str, theirs: str) -> list[BlindPair]:
    """The records to choose on, in the sheet's order: those that both answered, in different words; `MOST` at most.

    `examples` are those of `example_lines.decode`.
    """
    found = []
    for example in examples:
        answers = example["answers"][ours], example["answers"][theirs]
        first, second = (answer["text"] for answer in answers)
        if first.strip() == second.strip() or any(answer["failure"] for answer in answers):
            continue
        digest = hashlib.sha256(f"{evaluation_id} {example['record']}".encode()).digest()
        swapped = bool(digest[-1] & 1)
        pair = BlindPair(
            record=example["record"],
            prompt=example["messages"][-1]["content"],
            texts=(second, first) if swapped else (first, second),
            ours="B" if swapped else "A",
            metric=answers[0]["score"] - answers[1]["score"],
        )
        found.append((digest, pair))
    return [pair for _, pair in sorted(found, key=lambda each: each[0])[:MOST]]


def table(sheet: Sequence[BlindPair]) -> bytes:
    """The sheet as CSV, its choices empty. A text that a spreadsheet would take for a formula gets an apostrophe."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_HEAD)
    rows.writerows([pair.record, "", *map(_cell, (pair.prompt, *pair.texts))] for pair in sheet)
    return written.getvalue().encode("utf-8-sig", "replace")


def choices(filled: bytes) -> Mapping[int, Preferred]:
    """The choices of a sheet that came back, by record; lines without one are passed over.

    Semicolons separate as well, as spreadsheets of some languages write. Raises InvalidInput `invalid_labels`.
    """
    try:
        text = filled.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(f"byte {error.start + 1} is not UTF-8: save it as CSV in UTF-8") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if text.startswith("record;") else ",")
    if not {"record", "choice"} <= set(rows.fieldnames or ()):
        raise _wrong("its first line has no columns record and choice")
    found: dict[int, Preferred] = {}
    for row in rows:
        if chosen := (row["choice"] or "").strip():
            record, choice = (row["record"] or "").strip(), _CHOICES.get(chosen.casefold())
            if not (record.isascii() and record.isdigit() and len(record) < 10):
                raise _wrong(f"line {rows.line_num} names no record")
            if choice is None:
                raise _wrong(f"the choice on record {record} is neither A, B nor tie")
            if int(record) in found:
                raise _wrong(f"record {record} has two choices")
            found[int(record)] = choice
    return found


def preference(sheet: Sequence[BlindPair], chosen: Mapping[int, Preferred]) -> Preference:
    """What the choices say. Raises InvalidInput `invalid_labels` for a record that is not on the sheet."""
    known = {pair.record: pair for pair in sheet}
    if strangers := sorted(chosen.keys() - known.keys()):
        raise _wrong(f"record {strangers[0]} is not on this evaluation's sheet")
    decided = [(known[record], choice == known[record].ours) for record, choice in chosen.items() if choice != "tie"]
    ours = sum(won for _, won in decided)
    compared = [(pair.metric > 0) == won for pair, won in decided if pair.metric]
    return Preference(
        ours=ours,
        theirs=len(decided) - ours,
        ties=len(chosen) - len(decided),
        p=paired_tests.mcnemar(ours, len(decided) - ours),
        agree=sum(compared),
        compared=len(compared),
    )


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _wrong(what: str) -> InvalidInput:
    return InvalidInput("invalid_labels", f"The labels can't be read: {what}.", field="labels")

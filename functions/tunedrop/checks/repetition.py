"""Records seen before, in this split or an earlier one: remembered by hash, so memory stays flat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from tunedrop.base_models.catalogue import Split
from tunedrop.data.defects import Defect
from tunedrop.data.records import Block, Record

MEMORY = 50_000
"""Records remembered per split: more than any base model takes (bedrock-facts 3.1)."""

_Digest = bytes


@dataclass(frozen=True, slots=True)
class _Seen:
    questions: dict[_Digest, int] = field(default_factory=dict)
    """The first record that asks it."""
    records: dict[_Digest, int] = field(default_factory=dict)


class Repetitions:
    """Remembers the records of one version, split after split."""

    def __init__(self) -> None:
        self._splits: dict[Split, _Seen] = {}

    def look(self, split: Split, record: Record, number: int = 0, line: int | None = None) -> tuple[Defect, ...]:
        """What this record repeats; remembers it. `number` is the record's, `line` that of its file."""
        question, whole = _digests(record)
        seen = self._splits.setdefault(split, _Seen())
        defects = [*_within(seen, question, whole), *self._across(split, whole)]
        if len(seen.records) < MEMORY:
            seen.questions.setdefault(question, number)
            seen.records.setdefault(whole, number)
        return tuple(defects)

    def finish(self, split: Split) -> tuple[Defect, ...]:
        """What shows only over all records of the split. A defect may say of which record and line it is."""
        return ()

    def fingerprints(self, split: Split) -> bytes:
        """What to store of the split, so that a later version can be checked against it without reading it again."""
        return b""

    def remember(self, split: Split, dumped: bytes) -> bool:
        """Take `fingerprints` instead of looking; False where they are of no use, and the split has to be read."""
        return False

    def _across(self, split: Split, whole: _Digest) -> Iterator[Defect]:
        for other, seen in self._splits.items():
            if other != split and whole in seen.records:
                yield Defect("split_overlap", f"The same record stands in {other}, as record {seen.records[whole]:,}.")


def _within(seen: _Seen, question: _Digest, whole: _Digest) -> Iterator[Defect]:
    if whole in seen.records:
        yield Defect("exact_duplicate", f"The same as record {seen.records[whole]:,}.")
    elif question in seen.questions:
        message = f"The same question as in record {seen.questions[question]:,}, with another answer."
        yield Defect("conflicting_answers", message)


def _digests(record: Record) -> tuple[_Digest, _Digest]:
    """Of everything but the last turn, and of the whole record."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, "system", record.system)
    for turn in record.turns[:-1]:
        _feed(digest, turn.role, turn.blocks)
    question = digest.digest()
    for turn in record.turns[-1:]:
        _feed(digest, turn.role, turn.blocks)
    return question, digest.digest()


def _feed(digest: hashlib.blake2b, role: str, blocks: tuple[Block, ...]) -> None:
    for block in blocks:
        content = repr(block.opaque) if block.text is None else block.text
        digest.update(f"{role}\0{len(content)}\0{content}\0".encode())

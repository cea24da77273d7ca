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
    questions: set[_Digest] = field(default_factory=set)
    records: set[_Digest] = field(default_factory=set)


class Repetitions:
    """Remembers the records of one version, split after split."""

    def __init__(self) -> None:
        self._splits: dict[Split, _Seen] = {}

    def look(self, split: Split, record: Record) -> tuple[Defect, ...]:
        """What this record repeats; remembers it."""
        question, whole = _digests(record)
        seen = self._splits.setdefault(split, _Seen())
        defects = [*_within(seen, question, whole), *self._across(split, whole)]
        if len(seen.records) < MEMORY:
            seen.questions.add(question)
            seen.records.add(whole)
        return tuple(defects)

    def _across(self, split: Split, whole: _Digest) -> Iterator[Defect]:
        for other, seen in self._splits.items():
            if other != split and whole in seen.records:
                yield Defect("split_overlap", f"The same record stands in {other}.")


def _within(seen: _Seen, question: _Digest, whole: _Digest) -> Iterator[Defect]:
    if whole in seen.records:
        yield Defect("exact_duplicate", "The same record stands further up in this file.")
    elif question in seen.questions:
        yield Defect("conflicting_answers", "The same question has another answer further up in this file.")


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

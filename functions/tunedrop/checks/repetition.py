"""Records seen before, in this split or an earlier one: remembered by hash, so memory stays flat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tunedrop.base_models.catalogue import Split
from tunedrop.data.defects import Defect
from tunedrop.data.records import Block, Record

MEMORY = 50_000
"""Records remembered per split: more than any base model takes (bedrock-facts 3.1)."""

_Digest = bytes


class Repetitions:
    """Remembers the records of one version, split after split."""

    def __init__(self) -> None:
        self._splits: dict[Split, dict[_Digest, _Digest]] = {}

    def look(self, split: Split, record: Record) -> tuple[Defect, ...]:
        """What this record repeats; remembers it."""
        question, answer = _digests(record)
        seen = self._splits.setdefault(split, {})
        defects = [*self._within(seen, question, answer), *self._across(split, question, answer)]
        if len(seen) < MEMORY:
            seen.setdefault(question, answer)
        return tuple(defects)

    def _within(self, seen: dict[_Digest, _Digest], question: _Digest, answer: _Digest) -> Iterable[Defect]:
        before = seen.get(question)
        if before == answer:
            yield Defect("exact_duplicate", "The same record stands further up in this file.")
        elif before is not None:
            yield Defect("conflicting_answers", "The same question has another answer further up in this file.")

    def _across(self, split: Split, question: _Digest, answer: _Digest) -> Iterable[Defect]:
        for other, seen in self._splits.items():
            if other != split and seen.get(question) == answer:
                yield Defect("split_overlap", f"The same record stands in {other}.")


def _digests(record: Record) -> tuple[_Digest, _Digest]:
    """Of everything but the last turn, and of the last turn."""
    question, answer = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=16)
    _feed(question, "system", record.system)
    for turn in record.turns[:-1]:
        _feed(question, turn.role, turn.blocks)
    for turn in record.turns[-1:]:
        _feed(answer, turn.role, turn.blocks)
    return question.digest(), answer.digest()


def _feed(digest: hashlib.blake2b, role: str, blocks: tuple[Block, ...]) -> None:
    for block in blocks:
        content = repr(block.opaque) if block.text is None else block.text
        digest.update(f"{role}\0{len(content)}\0{content}\0".encode())

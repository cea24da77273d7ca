"""What an answer has that its reference lacks, and the other way round, by words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PIECE = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+|\s+|[\W_]")
MOST_CHARACTERS = 800
"""Compared of each text: comparing takes up to the square of it."""

PieceKind = Literal["same", "extra", "missing"]


class Piece(NamedTuple):
    """A run of an answer that the reference has too, that only the answer has, or that only the reference has."""

    kind: PieceKind
    text: str


def pieces(answer: str, reference: str) -> Iterator[Piece]:
    """Both texts as one, in the order of the answer; a Chinese, Japanese or Korean character is a word of its own."""
    ours, theirs = _split(answer), _split(reference)
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(ours[first:last]))
            continue
        if start < end:
            yield Piece("missing", "".join(theirs[start:end]))
        if first < last:
            yield Piece("extra", "".join(ours[first:last]))


def _split(text: str) -> list[str]:
    return _PIECE.findall(text[:MOST_CHARACTERS])

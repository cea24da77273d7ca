r"""Proofs from raw bytes that no line of a block has a defect: what lets bulk conversion skip a check.

A block is whole lines, each a JSON object whose texts are strings after a colon: prompt and completion, and no system
text. A proof may fail where there is no defect, which only costs time. It must never hold where there is one, however
its characters were written: as they are, as `\n`, or as `\u000a`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.records import bulk
from tunedrop.domain.texts import tokens

_BLANK_TEXT = re.compile(
    rb'''(?x) : [\ \t\n\r]* "
    (?: [\ ] | \\[nrtf] | \xc2[\x85\xa0] | \xe2\x80[\x80-\x8a\xa8\xa9\xaf] | \xe3\x80\x80 | \xe1\x9a\x80 | \xe2\x81\x9f
      | \\u(?:00(?:09|0[aAbBcCdD]|1[cCdDeEfF]|20|85|[aA]0)|1680|20(?:0[0-9aA]|2[89fF]|5[fF])|3000)
    )* "'''
)
_PLAIN = re.compile(r"[!#-.0-\[\]-~]+")
"""Characters of JSON strings that stand for themselves, unless they are written as `\\u00XX`."""


def by_shape(block: bytes, base_model: BaseModel) -> bool:
    """Two strings make a user's turn and an assistant's: nothing of the defect is possible."""
    return True


def no_nul(block: bytes, base_model: BaseModel) -> bool:
    """JSON can only hold it escaped."""
    return not bulk.escapes_ascii(block)


def no_blank_text(block: bytes, base_model: BaseModel) -> bool:
    """No string after a colon is made of what `str.strip` takes away."""
    return _BLANK_TEXT.search(block) is None


def no_long_record(block: bytes, base_model: BaseModel) -> bool:
    """Every line is so short that even the densest text fits, or what it holds does."""
    return leaves_room(block, base_model, 0)


def leaves_room(block: bytes, base_model: BaseModel, system_tokens: int) -> bool:
    """The same, with a system text of so many tokens added to each line."""
    most = base_model.limits.record_tokens - system_tokens
    if _all_within(block, int(most / tokens.MOST_PER_BYTE)):
        return True
    return all(tokens.at_most(line) <= most for line in bulk.lines(block))


def _all_within(block: bytes, longest: int) -> bool:
    """Whether no line has more bytes, found without looking at each."""
    position = 0
    while len(block) - position > longest:
        end = block.rfind(b"\n", position, position + longest + 1)
        if end < 0:
            return False
        position = end + 1
    return True


def no_reserved_word(block: bytes, base_model: BaseModel) -> bool:
    """No piece of a reserved word stands there as it is, and no letter is escaped."""
    patterns = _patterns(tuple(word for rule in base_model.reserved for word in rule.words))
    if any(last in block and pattern.search(block) for last, pattern in patterns):
        return False
    return not patterns or not bulk.escapes_ascii(block)


@lru_cache
def _patterns(words: tuple[str, ...]) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """Patterns that find of every word the longest piece that JSON writes as it is; of the empty piece, everywhere.

    Pieces that end in the same byte share one, which looks back from each such byte: it is rarer than what begins them.
    """
    pieces = [max(_PLAIN.findall(word), key=len, default="").encode() for word in words]
    lasts = dict.fromkeys(piece[-1:] for piece in pieces)
    return tuple((last, _ending_in(last, [piece for piece in pieces if piece[-1:] == last])) for last in lasts)


def _ending_in(last: bytes, pieces: list[bytes]) -> re.Pattern[bytes]:
    return re.compile(re.escape(last) + b"(?:%s)" % b"|".join(b"(?<=%s)" % re.escape(piece) for piece in pieces))

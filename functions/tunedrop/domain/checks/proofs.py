r"""Proofs from raw bytes that no line of a block has a defect, so that bulk conversion may skip the check.

A block consists of whole lines, each a JSON object with a prompt and a completion, no system text, and strings after
colons. A proof may fail although there is no defect; that only costs time. It must never hold if there is one,
whichever way its characters are written: literally, as `\n`, or as `\u000a`.
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
"""Characters that JSON strings hold literally unless they are written as `\\u00XX`."""


def by_shape(block: bytes, base_model: BaseModel) -> bool:
    """Always True: a prompt and a completion make one turn of each role, which cannot have the defect."""
    return True


def no_nul(block: bytes, base_model: BaseModel) -> bool:
    """Whether no line has U+0000, which JSON can hold only escaped."""
    return not bulk.escapes_ascii(block)


def no_blank_text(block: bytes, base_model: BaseModel) -> bool:
    """Whether no string after a colon is empty or made of white space, as `str.strip` defines it."""
    return _BLANK_TEXT.search(block) is None


def no_long_record(block: bytes, base_model: BaseModel) -> bool:
    """Whether every line fits the base model's token limit, by the upper bound of its estimate."""
    return leaves_room(block, base_model, 0)


def leaves_room(block: bytes, base_model: BaseModel, system_tokens: int) -> bool:
    """The same, with a system text of `system_tokens` tokens added to each line."""
    most = base_model.limits.record_tokens - system_tokens
    if _all_within(block, int(most / tokens.MOST_PER_BYTE)):
        return True
    return all(tokens.at_most(line) <= most for line in bulk.lines(block))


def _all_within(block: bytes, longest: int) -> bool:
    """Whether no line has more than `longest` bytes. Leaps ahead by that many bytes instead of visiting each line."""
    position = 0
    while len(block) - position > longest:
        end = block.rfind(b"\n", position, position + longest + 1)
        if end < 0:
            return False
        position = end + 1
    return True


def no_reserved_word(block: bytes, base_model: BaseModel) -> bool:
    """Whether no piece of a reserved word occurs literally and no ASCII character is escaped."""
    patterns = _patterns(tuple(word for rule in base_model.reserved for word in rule.words))
    if any(last in block and pattern.search(block) for last, pattern in patterns):
        return False
    return not patterns or not bulk.escapes_ascii(block)


@lru_cache
def _patterns(words: tuple[str, ...]) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """(last byte, pattern) pairs that find the longest piece of every word that JSON writes literally.

    Pieces with the same last byte share a pattern, which looks back from that byte: last bytes, such as colons, are
    rarer in text than first ones. A word without such a piece is found everywhere, so its proof always fails.
    """
    pieces = [max(_PLAIN.findall(word), key=len, default="").encode() for word in words]
    lasts = dict.fromkeys(piece[-1:] for piece in pieces)
    return tuple((last, _ending_in(last, [piece for piece in pieces if piece[-1:] == last])) for last in lasts)


def _ending_in(last: bytes, pieces: list[bytes]) -> re.Pattern[bytes]:
    return re.compile(re.escape(last) + b"(?:%s)" % b"|".join(b"(?<=%s)" % re.escape(piece) for piece in pieces))

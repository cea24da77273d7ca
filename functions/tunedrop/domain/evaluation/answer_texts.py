"""Answers as metrics compare them: normalized text and its tokens, in any script. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_CJK = r"\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af"
_ENOUGH = 500
"""Characters that show a text's script."""
_IS_CJK = re.compile(rf"[{_CJK}]")
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


def normalized(text: str) -> str:
    """NFKC, case folded, each run of white space as one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tokens(text: str) -> list[str]:
    """Its words without punctuation; a Chinese or Japanese character is a word of its own."""
    return _TOKEN.findall(normalized(text))


def is_cjk(word: str) -> bool:
    """Whether a word is a Chinese or Japanese character."""
    return _IS_CJK.match(word) is not None


def script(text: str) -> str:
    """The script of most of its letters, such as Latin, Han or Cyrillic; `none` without letters."""
    found = Counter(_script(character) for character in text[:_ENOUGH] if character.isalpha())
    return max(found, key=lambda name: found[name]) if found else "none"


def _script(character: str) -> str:
    first = unicodedata.name(character, "other").partition(" ")[0]
    return _SCRIPTS.get(first, first.capitalize())


_SCRIPTS = {"CJK": "Han", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HALFWIDTH": "Japanese", "FULLWIDTH": "Latin"}

"""Answers as metrics compare them: normalized text and its tokens, in any script. Pure."""

from __future__ import annotations

import re
import unicodedata

_CJK = r"\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


def normalized(text: str) -> str:
    """NFKC, case folded, each run of white space as one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tokens(text: str) -> list[str]:
    """Its words without punctuation; a Chinese or Japanese character is a word of its own."""
    return _TOKEN.findall(normalized(text))

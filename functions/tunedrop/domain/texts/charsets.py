"""Guess the encoding of text that is not UTF-8, for a hint. A heuristic over some bytes, not a full detector."""

from __future__ import annotations

import re

_RUNS = re.compile(rb"[\x80-\xff]+")
_LOOKED_AT = 4096

_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]")
_KANA_LEADS = b"\x82\x83"  # Shift-JIS writes every kana with one of these first
_COMMON_LEADS = bytes(range(0xB0, 0xD8))  # lead bytes of the common characters in GB18030, Big5 and EUC-KR


def hint(raw: bytes) -> str:
    """What to do about text that is not UTF-8; an empty string if no encoding is likely."""
    name = _name(raw[:_LOOKED_AT] if _RUNS.search(raw[:_LOOKED_AT]) else raw[-_LOOKED_AT:])
    return f"It looks like {name}: save the file as UTF-8." if name else ""


def _name(sample: bytes) -> str:
    runs = _RUNS.findall(sample)
    high = b"".join(runs)
    if _is_nearly_utf8(sample):
        return "CESU-8 or Java's modified UTF-8"
    if runs and len(high) <= 1.5 * len(runs):
        return "Windows-1252 (Latin-1)"
    if _share(high, _KANA_LEADS) > 0.2:
        return "Shift-JIS"
    leads = b"".join(run[::2] for run in runs)
    return "GB18030, Big5 or EUC-KR" if _share(leads, _COMMON_LEADS) > 0.85 else ""


def _is_nearly_utf8(sample: bytes) -> bool:
    """Whether a sample is UTF-8 except for overlong sequences and encoded surrogates."""
    return _OVERLONG.search(sample) is not None and "\ufffd" not in _OVERLONG.sub(b"", sample).decode(
        "utf-8", "replace"
    )


def _share(sample: bytes, wanted: bytes) -> float:
    return sum(byte in wanted for byte in sample) / len(sample) if sample else 0.0

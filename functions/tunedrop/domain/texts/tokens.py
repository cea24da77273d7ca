"""Estimate tokens without a tokenizer: an upper bound for natural text, by script, always labelled as an estimate.

Anthropic and Amazon publish no tokenizer for these models. For ASCII, AWS's own validator divides the characters by 3;
measured prose has 3.4 to 4.7 characters per token, source code 2.8 to 3.9 (docs/facts.md#token-estimates).
For other scripts, the lead byte of a character's UTF-8 gives its weight, set just above what two public tokenizers of
the same period (one of the Claude 2 era, cl100k) were measured to need: Chinese 0.9 to 1.2 tokens per character,
Russian 0.6, Greek, Arabic and Hebrew 1.1 to 1.2, Devanagari 1.2, Bengali, Tamil and Thai 1.9 to 2.1, Ethiopic 3.1,
accented Latin letters 1.8 to 3, emoji 2.2 to 2.5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tunedrop.domain.texts import length_bins
from tunedrop.domain.texts.length_bins import Bin

ESTIMATOR = "ascii/3+script-weights"
"""Named in every report. Change it with the estimator."""
MARGIN = 0.1
"""How far, as a fraction, the true count of natural text or source code may exceed the estimate. Denser text exists:
long numbers need up to 1.3 times the estimate, base64 2.2 times."""

MOST_PER_BYTE = 1.25
"""Upper bound of estimated tokens per byte, in UTF-8 and in JSON."""

MOST_PER_CHARACTER = 3.0
"""Upper bound of estimated tokens per character."""

_PARTS = 12  # weights are whole twelfths of a token, so that a third is exact
_ASCII_PARTS = _PARTS // 3
_ASCII = bytes(range(0x80))
_CONTINUATION = bytes(range(0x80, 0xC0))
_EAST_ASIAN = bytes(range(0xE3, 0xEE))


def _weights() -> bytes:
    """Weights in twelfths of a token, by lead byte of the UTF-8."""
    table = bytearray(256)
    for first, last, tokens in (
        (0xC2, 0xCD, 2.5),  # accented Latin, phonetic and combining marks
        (0xCE, 0xCF, 1.25),  # Greek
        (0xD0, 0xD3, 0.75),  # Cyrillic
        (0xD4, 0xDF, 1.25),  # Armenian, Hebrew, Arabic
        (0xE0, 0xE0, 2.0),  # scripts of India and Thai
        (0xE1, 0xE1, 3.0),  # Georgian, Ethiopic, Khmer, Vietnamese vowels
        (0xE2, 0xE2, 1.5),  # punctuation and symbols
        (0xE3, 0xED, 1.25),  # Kana, Han, Hangul
        (0xEE, 0xEE, 3.0),  # private use
        (0xEF, 0xEF, 1.25),  # full-width forms
        (0xF0, 0xF4, 3.0),  # emoji, rare Han
    ):
        for lead in range(first, last + 1):
            table[lead] = int(tokens * _PARTS)
    return bytes(table)


_WEIGHTS = _weights()


def estimate(texts: Iterable[str]) -> int:
    """Estimated tokens of all texts together."""
    parts = 0
    for text in texts:
        if text.isascii():
            parts += len(text) * _ASCII_PARTS
        else:
            parts += _parts(text.encode("utf-8", "surrogatepass"))
    return -(-parts // _PARTS)


def at_most(line: bytes) -> int:
    r"""Return an upper bound of the estimate of all texts in a line of JSON, without unescaping them.

    An escape never counts for less than its character, except that the six bytes of `\uXXXX` count as two tokens and
    the heaviest character as three.
    """
    if line.isascii():
        return _with_escapes(len(line) * _ASCII_PARTS, line)
    beyond = line.translate(None, _ASCII)
    leads = beyond.translate(None, _CONTINUATION)
    heavy = len(leads.translate(None, _EAST_ASIAN))
    parts = (len(line) - len(beyond)) * _ASCII_PARTS + (len(leads) - heavy) * _WEIGHTS[0xE3] + heavy * max(_WEIGHTS)
    return _with_escapes(parts, line)


def _with_escapes(parts: int, line: bytes) -> int:
    return -(-parts * (3 if b"\\u" in line else 2) // (2 * _PARTS))


def _parts(raw: bytes) -> int:
    beyond = raw.translate(None, _ASCII)
    return (len(raw) - len(beyond)) * _ASCII_PARTS + sum(beyond.translate(_WEIGHTS, _CONTINUATION))


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Estimated tokens of one split: total, and the median, 95th percentile, maximum and histogram per record."""

    total: int = 0
    p50: int = 0
    p95: int = 0
    max: int = 0
    spread: tuple[Bin, ...] = ()


def summarise(histogram: Counter[int]) -> TokenCounts:
    """Summarize `histogram`, the number of records per estimate. Percentiles use the nearest rank."""
    records = histogram.total()
    if not records:
        return TokenCounts()
    ordered = sorted(histogram)
    return TokenCounts(
        total=sum(estimated * count for estimated, count in histogram.items()),
        p50=_nearest_rank(histogram, ordered, records, 50),
        p95=_nearest_rank(histogram, ordered, records, 95),
        max=ordered[-1],
        spread=length_bins.bins(histogram),
    )


def _nearest_rank(histogram: Counter[int], ordered: list[int], records: int, percent: int) -> int:
    rank = -(-records * percent // 100)
    seen = 0
    for estimated in ordered:
        seen += histogram[estimated]
        if seen >= rank:
            break
    return estimated

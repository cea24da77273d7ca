"""Tokens without a tokenizer: an upper bound for natural text that looks at the script, labelled as an estimate.

Anthropic and Amazon publish none for these models. Latin text: AWS's own validator divides by 3 (bedrock-facts 2.3);
measured text has 3.4 to 4.7 characters per token, source code 2.8. Other scripts: half the UTF-8 bytes, which is
1.5 tokens for a Chinese character where 0.9 were measured (peers 4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tunedrop.data import lengths
from tunedrop.data.lengths import Bin

ESTIMATOR = "ascii/3+utf8/2"
"""Named in every report: another estimator gets another name."""
MARGIN = 0.1
"""How far the true count of dense text, such as source code, may lie above the estimate."""

_ASCII_CHARACTERS_PER_TOKEN = 3
_OTHER_BYTES_PER_TOKEN = 2


def estimate(texts: Iterable[str]) -> int:
    """Estimated tokens of all texts together."""
    ascii_characters = other_bytes = 0
    for text in texts:
        if text.isascii():
            ascii_characters += len(text)
        else:
            plain = len(text.encode("ascii", "ignore"))
            ascii_characters += plain
            other_bytes += len(text.encode("utf-8", "surrogatepass")) - plain
    return -(-ascii_characters // _ASCII_CHARACTERS_PER_TOKEN) + -(-other_bytes // _OTHER_BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """The estimates of one split: total, median, 95th percentile and largest of its records, and how they spread."""

    total: int = 0
    p50: int = 0
    p95: int = 0
    max: int = 0
    spread: tuple[Bin, ...] = ()


def summarise(histogram: Counter[int]) -> TokenCounts:
    """Counts of records by their estimate, summed up. Percentiles are estimates of real records (nearest rank)."""
    records = histogram.total()
    if not records:
        return TokenCounts()
    ordered = sorted(histogram)
    return TokenCounts(
        total=sum(estimated * count for estimated, count in histogram.items()),
        p50=_nearest_rank(histogram, ordered, records, 50),
        p95=_nearest_rank(histogram, ordered, records, 95),
        max=ordered[-1],
        spread=lengths.bins(histogram),
    )


def _nearest_rank(histogram: Counter[int], ordered: list[int], records: int, percent: int) -> int:
    rank = -(-records * percent // 100)
    seen = 0
    for estimated in ordered:
        seen += histogram[estimated]
        if seen >= rank:
            break
    return estimated

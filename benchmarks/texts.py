"""Generate training data to measure with: English, Chinese and escaped text in equal shares, always the same bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

_SENTENCE = (
    "the customer asked how to return an order and we explained that every parcel can be sent back within thirty "
    "days free of charge please keep the receipt and the label that came with it until the refund has arrived"
)
_CHINESE = "客户询问如何退货我们说明每个包裹都可以在三十天内免费寄回请保留收据谢谢您的耐心等待祝您生活愉快"


def lines(size: int, seed: int = 1) -> Iterator[bytes]:
    """Yield prompt/completion lines forever, each different and of about `size` bytes."""
    chance = random.Random(seed)  # noqa: S311 - text, not secrets
    number = 0
    while True:
        kind, length = number % 3, int(size * chance.uniform(0.5, 1.5))
        prompt = f"{number}: {_text(kind, length // 3, chance)}"
        pair = {"prompt": prompt, "completion": _text(kind, length - length // 3, chance)}
        yield json.dumps(pair, ensure_ascii=kind == 2).encode() + b"\n"
        number += 1


def _text(kind: int, length: int, chance: random.Random) -> str:
    if kind == 1:
        return "".join(chance.choices(_CHINESE, k=max(length // 3, 1)))
    words = " ".join(chance.choices(_SENTENCE.split(), k=max(length // 6, 1)))
    if kind == 0:
        return words
    chinese = "".join(chance.choices(_CHINESE, k=max(length // 24, 1)))
    return f'He said: "{words[: length // 2]}"\n\t{chinese}'


def write(path: Path, *, megabytes: int = 0, records: int = 0, size: int) -> int:
    """Write a file of `megabytes`, or of `records`, and return its number of records. Reuses an existing file."""
    marker = path.with_suffix(".records")
    if path.exists() and marker.exists():
        return int(marker.read_text("ascii"))
    written = count = 0
    with path.open("wb") as file:
        for line in lines(size):
            file.write(line)
            written, count = written + len(line), count + 1
            if (megabytes and written >= megabytes * 10**6) or count == records:
                break
    marker.write_text(str(count), "ascii")
    return count

"""Measure comparing 10,000 records with each other: `.venv/bin/python -m benchmarks.near_duplicates`.

Covers everything `Repetitions` does (duplicates, near duplicates, conflicting answers, one answer, stored fingerprints,
and leaks into a validation split of 1,000), as a ratio to the article's converter on the same records. Decoding is
measured separately in the same round and subtracted.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tunedrop.domain.checks.record_duplicates import Repetitions
from tunedrop.domain.formats import prompt_completion
from tunedrop.domain.records.record import Record

from benchmarks import article, texts

FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"
RECORDS, VALIDATION, ROUNDS = 10_000, 1_000, 5


def mixed() -> Iterator[bytes]:
    """Yield lines from 200 bytes to 20 KB, equally many of each of six sizes."""
    chance = random.Random(2)  # noqa: S311 - lengths, not secrets
    sources = [texts.lines(size, seed) for seed, size in enumerate((200, 500, 1_000, 2_500, 6_000, 14_000))]
    while True:
        yield next(chance.choice(sources))


def decoded(lines: list[bytes]) -> Iterator[Record]:
    """Yield each line's record, as a reader would."""
    for line in lines:
        record = prompt_completion.read(json.loads(line)).record
        assert record is not None
        yield record


def compare(train: list[bytes], validation: list[bytes]) -> int:
    """Run every comparison; return the number of findings."""
    repetitions = Repetitions()
    found = 0
    for number, record in enumerate(decoded(train), 1):
        found += len(repetitions.look("train", record, number, number))
    found += len(repetitions.finish("train")) + (not repetitions.fingerprints("train"))
    for number, record in enumerate(decoded(validation), 1):
        found += len(repetitions.look("validation", record, number, number))
    return found + len(repetitions.finish("validation"))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def measure(name: str, lines: Iterator[bytes]) -> None:
    """Measure one kind of records and print a line of the result."""
    every = list(itertools.islice(lines, RECORDS + VALIDATION))
    train, validation = every[:RECORDS], every[RECORDS:]
    source, target = FOLDER / "compared.jsonl", FOLDER / "compared-out.jsonl"
    source.write_bytes(b"".join(every))
    ratios, ours, theirs = [], [], []
    found = compare(train, validation)
    for _ in range(ROUNDS):
        theirs.append(seconds(lambda: article.convert(source, target)))
        decoding = seconds(lambda: list(map(bool, decoded(every))))
        ours.append(seconds(lambda: compare(train, validation)) - decoding)
        ratios.append(ours[-1] / theirs[-1])
    micro = [statistics.median(each) / len(every) * 1e6 for each in (ours, theirs)]
    ratio = statistics.median(ratios)
    print(f"{name:<28} {ratio:5.2f} × its time   {micro[0]:6.1f} and {micro[1]:6.1f} µs per record   {found} found")


def main() -> None:
    """Measure mixed sizes, then each size by itself."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    measure("200 bytes to 20 KB", mixed())
    for size in (200, 1_000, 5_000, 20_000):
        measure(f"about {size:,} bytes", texts.lines(size))


if __name__ == "__main__":
    main()

"""A fuzz target over the readers, the checks, the converters and the reports: whatever the bytes, no exception.

    .venv/bin/python -m tests.fuzz.datasets --seconds 60        mutations of good and bad files of every kind
    .venv/bin/python -m tests.fuzz.datasets FILE                one file again, as a failure was saved

`one` is also what a coverage-guided fuzzer calls: bytes in, nothing out, a failure raises.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import arro3.core
import arro3.io
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks import examples, version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.split_examination import Examined, Level
from tunedrop.domain.formats import all_formats
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.sources import Bytes
from tunedrop.domain.reports import html_report, json_report
from tunedrop.domain.reports.json_report import Prices, ReportSubject
from tunedrop.domain.versions import object_keys

from tests.unit.checks import bad_files

MODELS = tuple(catalogue.find(name) for name in ("claude-3-haiku", "nova-lite", "llama-3-1-8b"))
SMALL = 20_000
"""Larger seeds make slow rounds and find nothing more."""
TOKENS = (
    b'"', b"\\", b"\\u", b"\\ud83d", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r\n", b"\0", b"\xef\xbb\xbf",
    b"\xff", b'"prompt"', b'"messages"', b'"role": "system"', b"NaN", b"1e999", b"\t", b";", b'""', b"\xe2\x80\xa8",
    b"-0",
)  # fmt: skip


def one(data: bytes, extension: str = "jsonl", *, mapped: bool = False) -> None:
    """Examine it in every way. Raises AssertionError where the two paths differ, and whatever else went wrong."""
    everything = _examine(data, extension, "all", mapped=mapped)
    errors = _examine(data, extension, "errors", mapped=mapped)
    for (full, lines), (fast, same) in zip(everything, errors, strict=True):
        assert (full.accepted, full.records, full.errors) == (fast.accepted, fast.records, fast.errors)
        assert not full.accepted or lines == same
        report = json_report.compose(ReportSubject(None, None, ()), full, None, Prices({}, "USD"))
        json_report.encode(report)
        html_report.render(report)


def _examine(data: bytes, extension: str, level: Level, *, mapped: bool) -> list[tuple[Examined, bytes]]:
    written: dict[str, bytearray] = {model.name: bytearray() for model in MODELS}
    mapping = FieldMapping("question", "answer text", "system") if mapped else None
    splits: tuple[Split, ...] = ("train",)
    plan = Assignment(base_models=MODELS, splits=splits, level=level, mapping=mapping)
    part = Part(f"train.{extension}", extension, Bytes(data))
    results = version_examination.examine({"train": [part]}, plan, lambda model, _: written[model.name].extend)
    return [(result, bytes(written[result.base_model])) for result in results]


def seeds() -> list[tuple[bytes, str]]:
    """Small files of every container and format, good and bad."""
    found = [(source.example.encode() + b"\n", "jsonl") for source in all_formats.SOURCES.values()]
    found += [(bad_files.made(case.content), case.extension) for case in bad_files.CASES if not callable(case.content)]
    good = examples.good(35)()
    array = b"[" + good.strip().replace(b"\n", b",\n") + b"]"
    table = b'prompt,completion,"system"\n' + b"".join(b'"What is %d?","It, is ""%d"".",s\n' % (n, n) for n in range(9))
    found += [
        (good, "jsonl"),
        (array, "json"),
        (table, "csv"),
        (table.replace(b",", b"\t"), "tsv"),
        (_parquet(), "parquet"),
    ]
    found += [(gzip.compress(data, mtime=0), f"{extension}.gz") for data, extension in found[-5:-1]]
    return [(data, extension) for data, extension in found if len(data) <= SMALL]


def _parquet() -> bytes:
    written = io.BytesIO()
    columns: dict[str, list[str | None]] = {
        "prompt": [f"What is {n}?" for n in range(9)],
        "completion": ["It is.", None, ""] * 3,
    }
    table = arro3.core.Table.from_pydict(
        {name: arro3.core.Array(values, arro3.core.DataType.string()) for name, values in columns.items()}
    )
    arro3.io.write_parquet(table, written)
    return written.getvalue()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The file with a few bytes, tokens or stretches changed, doubled or gone."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        place, length = chance.randrange(len(changed) + 1), chance.choice((1, 1, 2, 8, 64))
        match chance.randrange(5):
            case 0:
                changed[place : place + length] = chance.randbytes(length)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = chance.choice(TOKENS)
            case 3:
                changed[place:place] = changed[place : place + length] * chance.choice((1, 2, 50))
            case _:
                changed[place : place + 1] = chance.choice(TOKENS)
    return bytes(changed)


def run(seconds: float, seed: int, folder: Path | None = None) -> int:
    """Rounds made. A failing file is saved in `folder` before its exception rises."""
    chance, known = random.Random(seed), seeds()
    extensions, until, rounds = object_keys.EXTENSIONS, time.monotonic() + seconds, 0
    while time.monotonic() < until:
        data, extension = chance.choice(known)
        data = mutated(data, chance)
        extension = extension if chance.random() < 0.9 else chance.choice(extensions)
        try:
            one(data, extension, mapped=chance.random() < 0.1)
        except BaseException:
            if folder is not None:
                (folder / f"failed-{seed}-{rounds}.{extension}").write_bytes(data)
            raise
        rounds += 1
    return rounds


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="*", type=Path, help="examine these instead of mutations")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    for path in chosen.file:
        one(path.read_bytes(), path.name.partition(".")[2])
    if not chosen.file:
        print(f"{run(chosen.seconds, chosen.seed, Path()):,} files, no failure")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

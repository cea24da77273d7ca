"""Measure the speed and memory of checking and converting: `.venv/bin/python -m benchmarks.datasets --help`.

Most figures are ratios of two things measured alternately in the same run, because machines and their load differ.
Times are CPU seconds of this process, the median of all rounds. Memory peaks are those the operating system reports
for whole commands. Nothing fails: each line prints the result and the aim.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import msgspec
from tunedrop.domain.base_models import catalogue
from tunedrop_cli.main import main as tunedrop

from benchmarks import article, texts

MODEL = "claude-3-haiku"
FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def in_turn(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each work; they alternate so that a slow moment hits all of them."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for times, work in zip(taken, works, strict=True):
            times.append(seconds(work))
    return [statistics.median(times) for times in taken]


def command(*arguments: str) -> Callable[[], object]:
    """Return a function that runs `tunedrop …` in this process and discards its output."""

    def run() -> object:
        with redirect_stdout(io.TextIOWrapper(io.BytesIO())), redirect_stderr(io.StringIO()):
            return tunedrop(arguments)

    return run


def peak(*arguments: str) -> tuple[int, float]:
    """Run `tunedrop …` in its own process; return its exit code and peak memory in MB."""
    nothing = os.open(os.devnull, os.O_RDWR)
    program = str(Path(sys.executable).parent / "tunedrop")
    pid = os.posix_spawn(
        program,
        [program, *arguments],
        os.environ,  # noqa: TID251 - passed on to the child
        file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)],
    )
    _, status, usage = os.wait4(pid, 0)
    os.close(nothing)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024


def show(what: str, reached: str, aim: str) -> None:
    """Print one line of the result."""
    print(f"{what:<72} {reached:>24}   {aim}", flush=True)


def throughput(megabytes: int, rounds: int) -> None:
    """Compare conversion with all error-level checks to the article's converter and to decoding alone."""
    for name, size in (
        ("records of about 700 bytes", 700),
        ("records of about 25 KB, as many as Bedrock takes", 25_000),
    ):
        source, target = FOLDER / f"mixed-{size}-{megabytes}.jsonl", FOLDER / "out.jsonl"
        count = texts.write(source, megabytes=megabytes, size=size)
        ours, theirs, bare = in_turn(
            rounds,
            command("convert", str(source), str(target), "--model", MODEL),
            lambda: article.convert(source, target),  # noqa: B023 - called within this iteration
            lambda: decode(source),  # noqa: B023
        )
        show(f"convert {megabytes} MB, {count:,} {name}: throughput", f"{theirs / ours:.2f} × the article's", "3 ×")
        show("  the same against decoding alone, line by line, with msgspec", f"{bare / ours:.2f} ×", "")
        show("  seconds: ours, the article's, decoding alone", f"{ours:.2f} {theirs:.2f} {bare:.2f}", "")


def decode(source: Path) -> None:
    """Do the least any reader must do: decode each line into a typed object with the fastest library."""
    pair = msgspec.defstruct("Pair", [("prompt", str), ("completion", str)])
    line_of = msgspec.json.Decoder(pair).decode
    with source.open("rb") as lines:
        for line in lines:
            line_of(line)


def warnings(rounds: int) -> None:
    """Measure all checks, warnings included; `benchmarks.near_duplicates` measures comparing records alone."""
    target = FOLDER / "out.jsonl"
    every_model = [word for name in catalogue.catalogue() for word in ("--model", name)]
    for records, size, aim in ((10_000, 600, "6 ×"), (1_500, 15_000, "4 ×")):
        source = FOLDER / f"checked-{size}.jsonl"
        texts.write(source, records=records, size=size)
        one, every, theirs = in_turn(
            rounds,
            command("check", str(source), "--model", MODEL, "--format", "json"),
            command("check", str(source), *every_model, "--format", "json"),
            lambda: article.convert(source, target),  # noqa: B023
        )
        show(f"check {records:,} records of {size:,} bytes, everything", f"{one / theirs:.2f} × its time", aim)
        show("  for all base models, against one", f"{every / one:.2f} ×", "1.4 ×")


def growth(rounds: int) -> None:
    """Measure time by number of records: 100 times as many should take 100 times as long."""
    for name, make in (("convert", ("convert",)), ("check", ("check",))):
        per_record = []
        for records in (10_000, 100_000, 1_000_000):
            source = FOLDER / f"growth-{records}.jsonl"
            texts.write(source, records=records, size=300)
            rest = (str(FOLDER / "out.jsonl"),) if name == "convert" else ()
            run = command(*make, str(source), *rest, "--model", MODEL)
            (taken,) = in_turn(rounds if records < 1_000_000 else 1, run)
            per_record.append(taken / records * 1e6)
        spread = per_record[-1] / per_record[0] - 1
        shown = " ".join(f"{each:.1f}" for each in per_record)
        show(f"{name}: µs per record at 10,000, 100,000 and 1,000,000", f"{shown} ({spread:+.0%})", "within 15 %")


def memory() -> None:
    """Measure memory peaks of whole commands on files that are large, hostile or both."""
    for what, path in large_files():
        code, megabytes = peak("check", str(path), "--model", MODEL)
        show(f"check {what}: peak", f"{megabytes:.0f} MB, exit {code}", "256 MB")


def large_files() -> Iterable[tuple[str, Path]]:
    """Yield (description, path) of each file, created on demand."""
    two_gigabytes = FOLDER / "two-gigabytes.jsonl"
    texts.write(two_gigabytes, megabytes=2_000, size=2_000)
    yield "a file of 2 GB", two_gigabytes
    line = FOLDER / "one-line.jsonl"
    if not line.exists():
        _repeat(line, b'{"prompt": "', b"a" * 10**6, 100, b'", "completion": "b"}\n')
    yield "one line of 100 MB", line
    array = FOLDER / "one-element.json"
    if not array.exists():
        _repeat(array, b'[{"prompt": "', b"a" * 10**6, 100, b'", "completion": "b"}]\n')
    yield "an array with one element of 100 MB", array
    bomb = FOLDER / "bomb.jsonl.gz"
    if not bomb.exists():
        with gzip.open(bomb, "wb", compresslevel=1) as out:
            for _ in range(1_000):
                out.write(b'{"prompt": "a", "completion": "b"}\n' * 30_000)
    yield "a gzip that inflates to 1 GB", bomb
    table = FOLDER / "quote.csv"
    if not table.exists():
        _repeat(table, b'prompt,completion\n"', b"never closed\n" * 10**5, 100, b"")
    yield "a table of 130 MB whose first quotation mark is never closed", table


def _repeat(path: Path, before: bytes, piece: bytes, times: int, after: bytes) -> None:
    """Write in pieces: a child's reported peak starts at its parent's memory, so this process must stay small."""
    with path.open("wb") as out:
        out.write(before)
        for _ in range(times):
            out.write(piece)
        out.write(after)


def main() -> None:
    """Measure the chosen parts, or everything."""
    parts = {"throughput": throughput, "warnings": warnings, "growth": growth, "memory": memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[*parts, []], help="what to measure (default: everything)")
    parser.add_argument("--megabytes", type=int, default=200, help="size of the files for throughput (default: 200)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement (default: 3)")
    chosen = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = chosen.part or list(parts)
    if "throughput" in wanted:
        throughput(chosen.megabytes, chosen.rounds)
    if "warnings" in wanted:
        warnings(chosen.rounds)
    if "growth" in wanted:
        growth(chosen.rounds)
    if "memory" in wanted:
        memory()


if __name__ == "__main__":
    main()

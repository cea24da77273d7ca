"""Measure how long the command takes to start: `.venv/bin/python -m benchmarks.start_up`.

Prints ratios to an interpreter that imports msgspec and rich.console, which `check` needs anyway. All commands
alternate, so that a slow moment hits each of them. Medians of CPU time (user and system) and of wall-clock time.
Bytecode is compiled beforehand, as pip does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from benchmarks.datasets import show

FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"
PROGRAM = str(Path(sys.executable).parent / "tunedrop")
SURROUNDINGS = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}  # noqa: TID251
SURROUNDINGS["PYTHONPYCACHEPREFIX"] = str(FOLDER / "bytecode")
LINE = b'{"prompt": "Where is the key?", "completion": "Under the mat."}\n'


def seconds(command: list[str]) -> tuple[float, float]:
    """CPU seconds and wall-clock seconds of one run; its output is discarded."""
    nothing = os.open(os.devnull, os.O_RDWR)
    begun = time.perf_counter()
    pid = os.posix_spawn(
        command[0],
        command,
        SURROUNDINGS,
        file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)],
    )
    usage = os.wait4(pid, 0)[2]
    taken = time.perf_counter() - begun
    os.close(nothing)
    return usage.ru_utime + usage.ru_stime, taken


def main() -> None:
    """Measure all commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21, help="rounds of each measurement (default: 21)")
    rounds = parser.parse_args().rounds
    FOLDER.mkdir(parents=True, exist_ok=True)
    small = FOLDER / "small.jsonl"
    small.write_bytes(LINE * 10)
    commands = {
        "import msgspec, rich.console": ([sys.executable, "-c", "import msgspec, rich.console"], ""),
        "tunedrop --version": ([PROGRAM, "--version"], "1.3 ×"),
        "tunedrop --help": ([PROGRAM, "--help"], "1.3 ×"),
        "tunedrop check, 10 records": ([PROGRAM, "check", str(small)], "2.5 ×"),
        "tunedrop check --model, 10 records": ([PROGRAM, "check", str(small), "--model", "nova-lite"], "2.5 ×"),
    }
    for command, _ in commands.values():
        seconds(command)  # writes bytecode
    taken = [[seconds(command) for command, _ in commands.values()] for _ in range(rounds)]
    medians = [[statistics.median(each) for each in zip(*runs, strict=True)] for runs in zip(*taken, strict=True)]
    for (what, (_, aim)), (processor, clock) in zip(commands.items(), medians, strict=True):
        ratios = f"{processor / medians[0][0]:.2f} × ({clock / medians[0][1]:.2f} ×)"
        show(f"{what}: CPU time (and wall clock)", ratios, aim)
        show("  seconds", f"{processor:.3f} ({clock:.3f})", "")


if __name__ == "__main__":
    main()

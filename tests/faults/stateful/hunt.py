"""Look for a violation with the functions that are imported, for at most a minute of this process's time.

python -m tests.faults.stateful.hunt, with a copy of `functions/` first in PYTHONPATH. Prints what was found as JSON.
"""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.stateful import bugs
from tests.faults.stateful.bugs import Bug
from tests.faults.stateful.running import running
from tests.faults.stateful.walks import Broken, Violated, walk

CPU_SECONDS = 60
STEPS = 20
"""Of each walk: shorter ones meet more beginnings in the same time."""
REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Found:
    """Which invariant broke, how, and what it took to see that."""

    invariant: str
    words: str
    seconds: float
    """Of the processor."""
    walks: int


def hunt(bug: Bug) -> Found | None:
    """What the walks find of a bug in a process of its own; None: nothing within a minute."""
    with tempfile.TemporaryDirectory() as folder:
        functions = Path(folder) / "functions"
        bugs.seed(bug, functions)
        command = [sys.executable, "-m", "tests.faults.stateful.hunt"]
        path = f"{functions}:{REPOSITORY}"
        ended = subprocess.run(
            command, cwd=REPOSITORY, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
        )
    lines = ended.stdout.splitlines()
    if ended.returncode in {-24, -9}:  # SIGXCPU, or what follows it
        return None
    if ended.returncode or not lines:
        raise RuntimeError(f"the hunt itself broke: {ended.stderr[-2_000:]}")
    return Found(**json.loads(lines[-1]))


def main() -> int:
    """Walk until something is found, or the time is over and the system ends this process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    with running() as program:
        for seed in itertools.count():
            try:
                walk(program, seed, STEPS)
            except Broken as broken:
                if not isinstance(broken.__cause__, Violated):
                    raise
                cause = broken.__cause__
                found = Found(cause.name, str(cause), time.process_time(), seed + 1)
                print(json.dumps(asdict(found)))
                return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())

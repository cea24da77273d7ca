"""Look for a violation with the functions that are imported, for at most a minute of this process's time.

python -m tests.faults.stateful.hunt, with a copy of `functions/` first in PYTHONPATH. Prints what was found as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.stateful import bugs
from tests.faults.stateful.bugs import Bug
from tests.faults.stateful.machine import Violated, run
from tests.faults.stateful.running import running

CPU_SECONDS = 60
STEPS = 40
REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Found:
    """Which invariant broke, how, and what it took to see that."""

    invariant: str
    words: str
    seconds: float
    """Of the processor, with the repetition that makes sure of it."""
    steps: int


def hunt(bug: Bug) -> Found | None:
    """What the machine finds of a bug in a process of its own; None: nothing within a minute."""
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


def _violations(error: BaseException) -> Iterator[Violated]:
    if isinstance(error, Violated):
        yield error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in (*inner, error.__cause__, error.__context__):
        if each is not None:
            yield from _violations(each)


def main() -> int:
    """Run until something is found, or the time is over and the system ends this process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    taken: Counter[str] = Counter()
    with running() as program:
        try:
            run(program, examples=100_000, steps=STEPS, taken=taken, reached=Counter(), shrink=False)
        except BaseException as error:  # Hypothesis wraps what it can't repeat
            broken = next(_violations(error), None)
            if broken is None:
                raise
            found = Found(broken.name, str(broken), time.process_time(), taken.total())
            print(json.dumps(asdict(found)))
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())

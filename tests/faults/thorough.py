"""The tests marked `thorough`, which `make test` passes over."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.proofs import Proof

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "pytest", "-m", "thorough", "-q", "-n", "auto", "--maxprocesses", "4"]


def prove() -> Proof:
    """Run them all."""
    ended = subprocess.run([*COMMAND, "-p", "no:cacheprovider"], cwd=ROOT, capture_output=True, text=True, check=False)
    told = ended.stdout.splitlines()
    failures = [line for line in told if line.startswith(("FAILED", "ERROR"))]
    passed = re.search(r"(\d+) passed", ended.stdout)
    if ended.returncode and not failures:
        failures = told[-3:] + ended.stderr.splitlines()[-3:]
    return Proof(f"{passed[1] if passed else 0} tests that `make test` passes over", failures, told)

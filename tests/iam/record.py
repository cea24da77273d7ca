"""Run tests and keep what they called, also as a plug-in of pytest.

python -m tests.iam.record   runs the integration tests and writes recorded.json anew
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.iam.recorder import RECORDER
from tests.iam.recording import Recording, merged

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
COMMAND = "python -m tests.iam.record"


class RecordingFailed(Exception):
    """The tests did not pass; the message is the end of what pytest said."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write: each worker writes a file of its own."""
    parser.addoption("--record-calls", metavar="FOLDER", help="write what each test called into files of this folder")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what this worker has heard."""
    folder = session.config.getoption("--record-calls")
    worker = getattr(session.config, "workerinput", {}).get("workerid", "main")
    if folder:
        heard = {test: [sorted(each.calls), sorted(each.needs)] for test, each in RECORDER.by_test.items()}
        Path(folder, f"{worker}.json").write_text(json.dumps(heard), "utf-8")


def record(tests: Iterable[str], *options: str) -> Recording:
    """What these tests call. Raises RecordingFailed when one of them fails."""
    with tempfile.TemporaryDirectory() as folder:
        plugin = ("-p", "tests.iam.record", f"--record-calls={folder}")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options, *tests]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RecordingFailed(done.stdout[-4000:] + done.stderr[-1000:])
        return read(Path(folder))


def read(folder: Path) -> Recording:
    """What the workers of one run have written."""
    by_test = {
        test: Recording(frozenset((module, operation) for module, operation in calls), frozenset(needs))
        for path in folder.glob("*.json")
        for test, (calls, needs) in json.loads(path.read_text("utf-8")).items()
    }
    return merged(by_test)


if __name__ == "__main__":
    record(["tests/integration"], "-n", "auto", "--dist", "loadfile").write()

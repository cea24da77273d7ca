"""Read one file in a process of its own, `python -m tests.writers.measured FILE`: rows, seconds and peak of memory."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tunedrop.domain.parquet import reader


@dataclass(frozen=True, slots=True)
class Disk:
    """A file on a disk."""

    path: Path

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        """Parquet is never streamed."""
        raise AssertionError

    def read(self, start: int, length: int) -> bytes:
        """Return at most `length` bytes from offset `start`."""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(length)


def main() -> None:
    """Print what reading took, as JSON. Every row must be one, and not a defect."""
    if child := os.fork():  # what began this process counts in its peak of memory, and not in that of its child
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    rows, began = 0, time.process_time()
    for element in reader.read(Disk(Path(sys.argv[1]))):
        assert isinstance(element.content, dict), element.content
        rows += 1
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"rows": rows, "seconds": time.process_time() - began, "mb": most / 1e6}))


if __name__ == "__main__":
    main()

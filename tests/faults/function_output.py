"""What functions write to standard output and error: their logs and metrics, as CloudWatch would have them."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

from tunedrop.edges.observability import logger


class Output(io.StringIO):
    """Everything written, and its JSON lines."""

    def lines(self) -> list[dict[str, Any]]:
        """Log lines and metrics."""
        return [json.loads(line) for line in self.getvalue().splitlines() if line.startswith("{")]


@contextlib.contextmanager
def captured() -> Iterator[Output]:
    """Take what functions write in the block."""
    output = Output()
    handlers = [each for each in logging.getLogger(logger.service).handlers if isinstance(each, logging.StreamHandler)]
    assert handlers, "Powertools has put its handler elsewhere"
    streams = [handler.setStream(output) for handler in handlers]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            yield output
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream)

"""What functions do at their worst."""

from __future__ import annotations

import os
import sys
import time


def handler(event, context):
    """Does what the event says."""
    print("this goes to the log")
    return globals()[event["do"]]()


def fail():
    """Raises."""
    raise LookupError("nothing here")


def sleep():
    """Never ends in time."""
    time.sleep(3600)


def die():
    """Takes the process with it."""
    os._exit(3)


def answer_too_much():
    """More than Lambda lets through."""
    return "x" * 6_300_000


def look_around():
    """What the process sees."""
    return {
        "environment": dict(os.environ),
        "path": sys.path,
        "pid": os.getpid(),
        "writable": os.access(os.environ["TMPDIR"], os.W_OK),
    }

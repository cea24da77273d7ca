"""When which state is to be saved: soon after something happened, and all of it now and then in any case."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERYTHING_EVERY = 30.0
"""Seconds; nothing is known to change without being noticed."""


class Activity:
    """Remembers what happened and what was saved, so that a quiet cloud costs nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._happened, self._beyond, self._clock = threading.Event(), False, clock
        self._everything_saved = clock()

    def touch(self, *, beyond: bool = False) -> None:
        """Something may have changed; `beyond`: in services that are not everyday, too."""
        if beyond:
            self._beyond = True
        self._happened.set()

    def wait(self) -> None:
        """Wait until something happens or everything is to be saved."""
        self._happened.wait(max(0.0, self._everything_saved + EVERYTHING_EVERY - self._clock()))

    @contextmanager
    def saving(self) -> Iterator[bool]:
        """Save in the block what has happened until now; True: everything. A block that fails is due again."""
        self._happened.clear()  # before the save: what happens meanwhile is for the next one
        now = self._clock()
        everything, self._beyond = self._beyond or now - self._everything_saved >= EVERYTHING_EVERY, False
        try:
            yield everything
        except Exception:
            self.touch(beyond=everything)
            raise
        if everything:
            self._everything_saved = now

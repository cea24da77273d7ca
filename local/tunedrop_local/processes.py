"""Child processes that never outlive this one and whose output is read line by line."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
# Linux sends the parent-death signal when the spawning thread ends, so that thread must live as long as this process.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")


class Process:
    """A child process in its own session. Callbacks run on its reader thread."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        on_exit: Callable[[], None],
    ) -> None:
        self._on_line, self._on_exit = on_line, on_exit
        self._popen = _spawner.submit(_spawn, command, folder, environment).result()
        threading.Thread(target=self._read, daemon=True).start()

    def kill(self) -> None:
        """Kills the child and all its descendants in the session."""
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _read(self) -> None:
        if self._popen.stdout is not None:
            for line in self._popen.stdout:
                self._on_line(line.decode(errors="replace").rstrip("\n"))
        self._popen.wait()
        self._on_exit()


def _spawn(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command),
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock
    )


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

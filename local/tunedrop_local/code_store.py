"""Unpacks each code archive once, keyed by the hash of its bytes, with its file modes."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

ENTRIES_KEPT = 12
WEEK = 7 * 86_400.0  # seconds


class CodeStore:
    """A folder of unpacked archives that servers share and restarts keep; entries never change."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder)

    def unpack(self, archive: bytes) -> Path:
        """The folder with the archive's files, compiled for the functions' Python."""
        return self._entry(hashlib.sha256(archive).hexdigest(), lambda folder: _extract(archive, folder))

    def python(self) -> Path:
        """An interpreter that sees only the standard library, not the packages installed on the host."""
        base = Path(_base()).resolve()
        name = f"python-{hashlib.sha256(str(base).encode()).hexdigest()[:16]}"
        return self._entry(name, venv.EnvBuilder(symlinks=True, with_pip=False).create) / "bin" / "python"

    def _entry(self, name: str, fill: Callable[[Path], None]) -> Path:
        target = self._folder / name
        with self._lock:
            if not target.exists():
                partial = Path(tempfile.mkdtemp(dir=self._folder, prefix="partial-"))
                fill(partial)
                try:
                    partial.rename(target)
                except OSError:  # another server was faster; the same name means the same files
                    shutil.rmtree(partial)
            os.utime(target)
        return target


def _extract(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        for member in members.infolist():
            path = Path(members.extract(member, folder))
            if mode := (member.external_attr >> 16) & 0o777:
                path.chmod(mode)
    _compile(folder)


def _base() -> str:
    """The interpreter behind this virtual environment."""
    return getattr(sys, "_base_executable", sys.executable)


def _compile(folder: Path) -> None:
    """Compiles ahead of time: every cold start imports everything anew. Files never change, so no checks are needed."""
    command = [_base(), "-I", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, str(folder)], check=False, capture_output=True)


def _forget_old(folder: Path) -> None:
    entries = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for entry in entries[ENTRIES_KEPT:]:
        if entry.stat().st_mtime < time.time() - WEEK:
            shutil.rmtree(entry, ignore_errors=True)

"""Code archives unpacked once, by the hash of their bytes, with the file modes they carry."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import threading
import time
import venv
import zipfile
from pathlib import Path

ENTRIES_KEPT = 12
DAY = 86_400.0


class CodeStore:
    """A folder of unpacked archives, shared by servers and restarts: entries are immutable."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder)

    def unpack(self, archive: bytes) -> Path:
        """Folder with the archive's files, compiled for the functions' Python."""
        target = self._folder / hashlib.sha256(archive).hexdigest()
        with self._lock:
            if not target.exists():
                self._unpack_into(archive, target)
            os.utime(target)
        return target

    def python(self) -> Path:
        """An interpreter that sees the standard library and nothing installed on the host."""
        folder = self._folder / f"python-{Path(_base()).resolve().name}"
        executable = folder / "bin" / "python"
        with self._lock:
            if not executable.exists():
                venv.EnvBuilder(symlinks=True, with_pip=False, clear=True).create(folder)
        return executable

    def _unpack_into(self, archive: bytes, target: Path) -> None:
        partial = Path(tempfile.mkdtemp(dir=self._folder, prefix="partial-"))
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            for member in members.infolist():
                path = members.extract(member, partial)
                if mode := (member.external_attr >> 16) & 0o777:
                    Path(path).chmod(mode)
        _compile(partial)
        try:
            partial.rename(target)
        except OSError:  # another server was faster: same hash, same files
            shutil.rmtree(partial)


def _base() -> str:
    import sys

    return getattr(sys, "_base_executable", sys.executable)


def _compile(folder: Path) -> None:
    """Lambda's read-only /var/task saves no .pyc either, but its sandbox is not started hundreds of times a day."""
    command = [_base(), "-I", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, str(folder)], check=False, capture_output=True)


def _forget_old(folder: Path) -> None:
    entries = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for entry in entries[ENTRIES_KEPT:]:
        if entry.stat().st_mtime < time.time() - DAY:
            shutil.rmtree(entry, ignore_errors=True)

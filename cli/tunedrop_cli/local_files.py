"""Local files and standard input as sources of bytes, with a callback for progress bars."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile

from tunedrop_cli.errors import Unreadable

STANDARD_INPUT = "-"
ANY_EXTENSION = ""
"""For names without a known extension: the content alone decides what the file is."""

_CHUNK = 2**20
_HELD = 64 * 2**20
"""Bytes of standard input held in memory; more goes to a temporary file."""


def _nobody(_: int) -> None:
    """The callback of files that nobody watches."""


@dataclass(slots=True)
class LocalFile:
    """One open file; `watch` is called with the number of bytes of each read, for a progress bar."""

    name: str
    """The path, as given."""
    extension: str
    size: int
    _file: BinaryIO
    watch: Callable[[int], None] = _nobody

    @property
    def shown(self) -> str:
        """The path as text, with bytes that are not UTF-8 replaced."""
        return os.fsencode(self.name).decode("utf-8", "replace")

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes from the beginning. Raises Unreadable."""
        self._seek(0)
        while chunk := self._take(_CHUNK):
            self.watch(len(chunk))
            yield chunk

    def read(self, start: int, length: int) -> bytes:
        """Return at most `length` bytes from offset `start`. Raises Unreadable."""
        self._seek(start)
        taken = self._take(length)
        self.watch(len(taken))
        return taken

    def stored(self) -> StoredFile:
        """Return name, size and digest, as reports list files. Raises Unreadable."""
        digest = hashlib.sha256()
        self._seek(0)
        while chunk := self._take(_CHUNK):
            digest.update(chunk)
        return StoredFile(self.shown, "", self.size, digest.hexdigest())

    def part(self) -> Part:
        """Return the file as the readers take it."""
        return Part(self.shown, self.extension, self)

    def _seek(self, place: int) -> None:
        try:
            self._file.seek(place)
        except OSError as error:
            raise Unreadable(f"{self.name}: {error.strerror}") from None

    def _take(self, length: int) -> bytes:
        try:
            return self._file.read(length)
        except OSError as error:
            raise Unreadable(f"{self.name}: {error.strerror}") from None


def open_all(paths: Sequence[str], held: ExitStack, extension: str | None = None) -> list[LocalFile]:
    """Open files, closed by `held`; `-` may occur once. `extension` overrides all of theirs. Raises Unreadable."""
    return [_open(path, held, extension or extension_of(path)) for path in paths]


def _open(path: str, held: ExitStack, extension: str) -> LocalFile:
    if path == STANDARD_INPUT:
        return LocalFile(path, extension, *_spooled(sys.stdin.buffer, held))
    try:
        file = held.enter_context(Path(path).open("rb"))  # noqa: SIM115 - `held` closes it
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return LocalFile(path, extension, *_spooled(file, held))
        return LocalFile(path, extension, os.fstat(file.fileno()).st_size, file)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except ValueError:
        raise Unreadable(f"{path!r} is not a path") from None


def _spooled(stream: BinaryIO, held: ExitStack) -> tuple[int, BinaryIO]:
    """Copy a stream to a spool, and return (size, spool): sizes are checked first, and Parquet is read from its end."""
    import shutil
    import tempfile

    spool = held.enter_context(tempfile.SpooledTemporaryFile(_HELD))  # noqa: SIM115 - `held` closes it
    try:
        shutil.copyfileobj(stream, spool, _CHUNK)
    except OSError as error:
        raise Unreadable(f"{STANDARD_INPUT}: {error.strerror}") from None
    return spool.tell(), cast("BinaryIO", spool)


def extension_of(path: str) -> str:
    """The known extension of a path, without its dot; ANY_EXTENSION if there is none."""
    name = Path(path).name.casefold()
    known = sorted(object_keys.EXTENSIONS, key=len, reverse=True)
    return next((extension for extension in known if name.endswith(f".{extension}")), ANY_EXTENSION)


def split_of(paths: Sequence[str]) -> Split:
    """The split that all file names agree on, else train."""
    stems = {Path(path).name.partition(".")[0].casefold() for path in paths}
    return next((split for split in SPLITS if stems == {split}), "train")


def is_same(path: str, other: str) -> bool:
    """Whether two paths are the same file."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return False

"""A person's files as sources of bytes: by path or from standard input, watched while they are read."""

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
"""Of a name that promises nothing: the content alone says what it is."""

_CHUNK = 2**20
_HELD = 64 * 2**20
"""Bytes of standard input that are held in memory; more goes to a temporary file."""


def _nobody(_: int) -> None:
    """Watches nothing."""


@dataclass(slots=True)
class LocalFile:
    """One open file; `watch` is told of every byte that is read, for a progress bar."""

    name: str
    """Its path."""
    extension: str
    size: int
    _file: BinaryIO
    watch: Callable[[int], None] = _nobody

    @property
    def shown(self) -> str:
        """Its path as text: bytes that are no UTF-8, which a name may have, are replaced."""
        return os.fsencode(self.name).decode("utf-8", "replace")

    def chunks(self) -> Iterator[bytes]:
        """All bytes from the beginning. Raises Unreadable."""
        self._seek(0)
        while chunk := self._take(_CHUNK):
            self.watch(len(chunk))
            yield chunk

    def read(self, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` on. Raises Unreadable."""
        self._seek(start)
        taken = self._take(length)
        self.watch(len(taken))
        return taken

    def stored(self) -> StoredFile:
        """Name, size and digest, as a report lists files. Raises Unreadable."""
        digest = hashlib.sha256()
        self._seek(0)
        while chunk := self._take(_CHUNK):
            digest.update(chunk)
        return StoredFile(self.shown, "", self.size, digest.hexdigest())

    def part(self) -> Part:
        """The same for the readers."""
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
    """Open files, `-` once among them; `extension` stands for all of theirs. Raises Unreadable."""
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
        raise Unreadable(f"{path!r} is no path") from None


def _spooled(stream: BinaryIO, held: ExitStack) -> tuple[int, BinaryIO]:
    """Size and content of what can be read only once: sizes are judged first, and Parquet is read from its end."""
    import shutil
    import tempfile

    spool = held.enter_context(tempfile.SpooledTemporaryFile(_HELD))  # noqa: SIM115 - `held` closes it
    try:
        shutil.copyfileobj(stream, spool, _CHUNK)
    except OSError as error:
        raise Unreadable(f"{STANDARD_INPUT}: {error.strerror}") from None
    return spool.tell(), cast("BinaryIO", spool)


def extension_of(path: str) -> str:
    """What the name says the content is, if it says anything."""
    name = Path(path).name.casefold()
    known = sorted(object_keys.EXTENSIONS, key=len, reverse=True)
    return next((extension for extension in known if name.endswith(f".{extension}")), ANY_EXTENSION)


def split_of(paths: Sequence[str]) -> Split:
    """The split that all names agree on; train where they say nothing."""
    stems = {Path(path).name.partition(".")[0].casefold() for path in paths}
    return next((split for split in SPLITS if stems == {split}), "train")


def is_same(path: str, other: str) -> bool:
    """Whether writing one would overwrite the other."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return False

"""Files that commands write: completely or not at all, and never over an input."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tunedrop_cli import local_files
from tunedrop_cli.errors import WrongUsage

STANDARD_OUTPUT = "-"
_HELD = 64 * 2**20
_BUFFER = 2**20


@dataclass(slots=True)
class Draft:
    """A file that is written out of sight until it is kept."""

    file: BinaryIO
    kept: bool = False

    def keep(self) -> None:
        """Put the file in place when the draft ends."""
        self.kept = True


def refuse_existing(path: str | None) -> None:
    """Raise WrongUsage for a file that can't be made new: said before a job is watched for hours."""
    if path is None or path == STANDARD_OUTPUT:
        return
    if not path:
        raise WrongUsage("a file needs a name")
    if Path(path).exists():
        raise WrongUsage(f"{path} is there already: name another file, or remove it first")
    if not Path(path).parent.is_dir():
        raise WrongUsage(f"{Path(path).parent} is no folder, so {path} can't be written")


def refuse_standard_output(path: str | None) -> None:
    """Raise WrongUsage for a page that would stand between what the command prints."""
    if path == STANDARD_OUTPUT:
        raise WrongUsage("--html - would be written to standard output with the rest: name a file")


def write_new(path: str, content: bytes) -> None:
    """Write a file that is not there yet. Raises WrongUsage."""
    refuse_existing(path)
    with draft(path, ()) as made:
        made.file.write(content)
        made.keep()


@contextmanager
def draft(path: str, inputs: Sequence[str]) -> Iterator[Draft]:
    """Open a temporary file beside `path`, or a spool for `-`, that replaces it only if kept. Raises WrongUsage.

    `inputs` are paths that must not be overwritten.
    """
    if path == STANDARD_OUTPUT:
        with tempfile.SpooledTemporaryFile(_HELD) as spool:
            made = Draft(cast("BinaryIO", spool))
            yield made
            if made.kept:
                spool.seek(0)
                shutil.copyfileobj(spool, sys.stdout.buffer, _BUFFER)
                sys.stdout.buffer.flush()
        return
    for given in inputs:
        if local_files.is_same(path, given):
            raise WrongUsage(f"{path} would be overwritten: name another file to write")
    with _beside(Path(path)) as made:
        yield made


@contextmanager
def _beside(path: Path) -> Iterator[Draft]:
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except (OSError, ValueError) as error:
        raise WrongUsage(f"{path} can't be written: {getattr(error, 'strerror', None) or error}") from None
    try:
        with os.fdopen(number, "w+b", buffering=_BUFFER) as file:
            made = Draft(file)
            yield made
        if made.kept:
            Path(name).chmod(0o666 & ~_umask())  # mkstemp makes files for the owner only
            Path(name).replace(path)
    except OSError as error:
        raise WrongUsage(f"{path} can't be written: {error.strerror}") from None
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

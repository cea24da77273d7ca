"""Releases of the past, from Git: which one was last, and its files."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOYED = ("template.yaml", "functions", "layers")
BEFORE_THE_FIRST_TAG = "3445c6a"
"""Where no release is tagged yet: the first commit whose stack may do on AWS what a job takes."""


class NotHere(Exception):
    """This clone lacks the release; the message says how to get it."""


def last() -> str:
    """The newest tagged release that this checkout came after. Raises NotHere in a clone without history."""
    tags = _git("tag", "--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort=-version:refname")
    return next(iter(tags.decode().split()), BEFORE_THE_FIRST_TAG)


def unpack(reference: str, folder: Path) -> Path:
    """What is deployed of a tag or commit, in this folder. Raises NotHere."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", reference, "--", *DEPLOYED))) as members:
        members.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", b"") or str(error).encode()
        raise NotHere(
            f"{told.decode(errors='replace').strip()}: the upgrade begins at the last release, "
            "so it needs a clone with tags and history (git fetch --unshallow --tags)"
        ) from error

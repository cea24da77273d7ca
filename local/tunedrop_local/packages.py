"""Builds the archives that Lambda takes; the same files always give the same bytes."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

SKIPPED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"}
EPOCH = (1980, 1, 1, 0, 0, 0)


class BuildFailed(RuntimeError):
    """The layer's Makefile failed; the message is its output."""


def archive(folder: Path) -> bytes:
    """Zips a folder reproducibly: sorted, without times and caches, with the executable bits."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as members:
        for path in _files(folder):
            member = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            mode = 0o755 if path.stat().st_mode & 0o111 else 0o644
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            members.writestr(member, path.read_bytes())
    return buffer.getvalue()


def layer(folder: Path, logical_id: str, cache: Path) -> bytes:
    """Zips the layer that `folder`'s Makefile builds for this machine; cached until its sources change."""
    kept = cache / f"{logical_id}-{_fingerprint(folder)}.zip"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as build:
            _make(folder, logical_id, Path(build))
            partial = Path(build).with_suffix(".partial")
            partial.write_bytes(archive(Path(build)))
            partial.replace(kept)
    return kept.read_bytes()


def host_python() -> str:
    """The version of the Python that runs functions here, such as "3.11"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def host_platform() -> str:
    """This machine's platform, as `uv pip install --python-platform` names it."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    return f"{machine}-apple-darwin" if sys.platform == "darwin" else f"{machine}-manylinux_2_28"


def _make(folder: Path, logical_id: str, build: Path) -> None:
    if shutil.which("make") is None:
        raise BuildFailed("building the layer needs `make`; it is not on the PATH")
    command = [
        "make", "--no-print-directory", "-C", str(folder), f"build-{logical_id}",
        f"ARTIFACTS_DIR={build}", f"LAYER_PLATFORM={host_platform()}", f"LAYER_PYTHON={host_python()}",
    ]  # fmt: skip
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)}\n{done.stdout}{done.stderr}".strip())


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256(f"{host_platform()} {host_python()}".encode())
    for path in _files(folder):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).parts
        if path.is_file() and not SKIPPED.intersection(relative) and path.suffix != ".pyc":
            yield path

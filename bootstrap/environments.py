"""The Python environments of this checkout: what each is for, how it is brought to its lock, how locks are written."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bootstrap.uv import ROOT, Uv, say

BUILD = ROOT / "build"
REQUIREMENTS = ROOT / "requirements"
PYTHON = getattr(sys, "_base_executable", sys.executable)  # not the one of an environment that is made anew here


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment of this checkout, the lock `requirements/<name>.txt` in it, and our folders it imports."""

    folder: str
    purpose: str
    folders: tuple[str, ...] = ()
    editable: bool = False


ENVIRONMENTS = {
    "dev": Environment(".venv", "the demo, the checks and the tests; also .venv/bin/tunedrop", editable=True),
    "local": Environment(".venv-local", "the embedded cloud", folders=("local", "simulator")),
    "sam": Environment(".venv-sam", "SAM CLI, for deploys and the tests of the build"),
    "gates": Environment(".venv-gates", "the static gates of make prove"),
    "mlflow": Environment(".venv-mlflow", "an MLflow server and the command, for make prove", ("cli", "functions")),
    "oracles": Environment(".venv-oracles", "SciPy and others, for make prove", ("functions",)),
    "writers": Environment(".venv-writers", "pyarrow, polars and DuckDB, for make prove", ("functions",)),
    "peers": Environment(".venv-peers", "LiteLLM's proxy, for benchmarks/messages"),
}
LOCKS = {  # name: what uv compiles it from
    "layer": ("--group", "lambda"),
    "parquet": ("--group", "parquet"),
    "dev": ("pyproject.toml", "--group", "dev"),
    "local": ("--group", "local"),
    "sam": ("--group", "sam"),
    "gates": ("--group", "gates"),
    "mlflow": ("pyproject.toml", "--extra", "aws", "--extra", "mlflow", "--group", "mlflow-server"),
    "oracles": ("--group", "oracles"),
    "writers": ("--group", "writers"),
    "peers": ("--group", "peers"),
}
LAYERS = {"layer": "dependencies", "parquet": "parquet"}  # name of the lock: folder of the layer that it is of


def make(name: str, uv: Uv) -> None:
    """Bring one environment to its lock; nothing is done when it is there already."""
    environment = ENVIRONMENTS[name]
    folder, stamp = ROOT / environment.folder, fingerprint(name, REQUIREMENTS / f"{name}.txt")
    stamped = folder / ".tunedrop-stamp"
    if stamped.exists() and stamped.read_text("utf-8") == stamp and (folder / "bin/python").exists():
        return
    began = time.monotonic()
    say(f"{environment.folder}: {environment.purpose}")
    if not _same_python(folder):
        uv.run("venv", "--quiet", "--clear", "--no-project", "--python", PYTHON, str(folder))
    stamped.unlink(missing_ok=True)
    lock = REQUIREMENTS / f"{name}.txt"
    to = ("--python", str(folder))
    uv.run("pip", "sync", *to, "--require-hashes", "--only-binary", ":all:", str(lock))
    if environment.editable:
        uv.run("pip", "install", *to, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    if environment.folders:
        (_site_packages(folder) / "_tunedrop.pth").write_text(
            "".join(f"{ROOT / path}\n" for path in environment.folders)
        )
    _write_uv(folder / "bin/uv")
    stamped.write_text(stamp, "utf-8")
    say(f"{environment.folder}: ready in {time.monotonic() - began:.1f} s")


def fingerprint(name: str, lock: Path) -> str:
    """Changes whenever the environment has to be brought up to date."""
    digest = hashlib.sha256(lock.read_bytes())
    if ENVIRONMENTS[name].editable:
        digest.update((ROOT / "pyproject.toml").read_bytes())
    digest.update(f"{ROOT}\0{sys.version}\0{sys.base_prefix}\0{Path(__file__).read_text('utf-8')}".encode())
    return digest.hexdigest()


def _same_python(folder: Path) -> bool:
    """Whether the environment is of the Python that runs here: then its packages are only synced."""
    settings = folder / "pyvenv.cfg"
    if not (settings.exists() and (folder / "bin/python").exists()):
        return False
    found = dict(line.split(" = ", 1) for line in settings.read_text("utf-8").splitlines() if " = " in line)
    return found.get("version_info", "").startswith(platform.python_version()) and Path(
        found.get("home", "")
    ).is_relative_to(sys.base_prefix)


def _site_packages(folder: Path) -> Path:
    return folder / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def _write_uv(path: Path) -> None:
    """`uv` for whoever has the environment on the PATH, such as the layer's Makefile: it knows the configured index."""
    path.write_text(f'#!/bin/sh\nexec "{PYTHON}" "{ROOT}/bootstrap" uv "$@"\n', "utf-8")
    path.chmod(0o755)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One bootstrap at a time in this checkout; another one waits."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "bootstrap.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def compile_locks(uv: Uv) -> None:
    """Write requirements/*.txt anew from pyproject.toml: hashed, for every Python and platform, without addresses."""
    how = ("--quiet", "--universal", "--python-version", "3.11", "--generate-hashes")
    without = ("--no-header", "--no-emit-index-url", "--no-emit-find-links")
    for name, sources in LOCKS.items():
        uv.run("pip", "compile", *how, *without, "--output-file", f"requirements/{name}.txt", *sources)
        say(f"requirements/{name}.txt")
    for name, folder in LAYERS.items():
        (ROOT / "layers" / folder / "requirements.txt").write_bytes((REQUIREMENTS / f"{name}.txt").read_bytes())

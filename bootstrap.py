"""Makes the Python environments of this checkout from nothing but Python: `python3 bootstrap.py --help`.

It fetches uv (pinned, its SHA-256 known here) from the package index that pip or uv is configured with.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python is told so; the file parses on 3.8
    sys.exit(
        f"Tunedrop needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try: PYTHON=python3.12"
    )

import argparse
import contextlib
import fcntl
import hashlib
import io
import os
import platform
import subprocess
import sysconfig
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootstrap_index import BootstrapError, Configuration, find_link, read, read_configuration, shown, uv_environment

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build"
REQUIREMENTS = ROOT / "requirements"
PYTHON = getattr(sys, "_base_executable", sys.executable)  # not the one of an environment that is made anew here

UV_VERSION = "0.13.9"
UV_WHEELS = {  # (system, machine, C library): (tags of the wheel, its SHA-256)
    ("linux", "x86_64", "gnu"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("linux", "x86_64", "musl"): (
        "musllinux_1_1_x86_64",
        "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    ),
    ("linux", "aarch64", "gnu"): (
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("darwin", "arm64", ""): (
        "macosx_11_0_arm64",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
    ("darwin", "x86_64", ""): (
        "macosx_10_12_x86_64",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
}
UV_WHEELS["linux", "aarch64", "musl"] = UV_WHEELS["linux", "aarch64", "gnu"]  # one wheel carries both tags


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
}
LOCKS = {  # name: what uv compiles it from
    "layer": ("pyproject.toml",),
    "parquet": ("--group", "parquet"),
    "dev": ("pyproject.toml", "--group", "dev"),
    "local": ("--group", "local"),
    "sam": ("--group", "sam"),
}
LAYERS = {"layer": "dependencies", "parquet": "parquet"}  # name of the lock: folder of the layer that it is of


def uv_wheel(system: str, machine: str, libc: str) -> tuple[str, str]:
    """File name and SHA-256 of uv's wheel for a machine."""
    try:
        tags, digest = UV_WHEELS[system, machine, libc]
    except KeyError:
        known = ", ".join(sorted({" ".join(filter(None, key)) for key in UV_WHEELS}))
        raise BootstrapError(f"no uv is pinned for {system} {machine} {libc}; pinned are: {known}") from None
    return f"uv-{UV_VERSION}-py3-none-{tags}.whl", digest


def this_machine() -> tuple[str, str, str]:
    """System, processor and C library, in the words of `UV_WHEELS`."""
    machine = {"amd64": "x86_64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    if sys.platform != "linux":
        return sys.platform, machine, ""
    musl = "musl" in f"{sysconfig.get_config_var('SOABI')} {sysconfig.get_config_var('HOST_GNU_TYPE')}"
    return "linux", machine, "musl" if musl else "gnu"


def fetch_uv(configuration: Configuration, folder: Path, filename: str, digest: str) -> Path:
    """The pinned uv, unpacked under `folder`; fetched and verified where it is not there yet.

    Raises BootstrapError when no place has the wheel (each is named with what it said) or when a wheel's hash is wrong.
    """
    binary = folder / UV_VERSION / "uv"
    if binary.exists():
        return binary
    wheel, address = _download(filename, configuration)
    found = hashlib.sha256(wheel).hexdigest()
    if found != digest:
        raise BootstrapError(
            f"{shown(address)} is not the {filename} that is pinned here, and was not unpacked:\n"
            f"  its SHA-256 is {found}\n  expected       {digest}"
        )
    with zipfile.ZipFile(io.BytesIO(wheel)) as members:
        unpacked = members.read(f"uv-{UV_VERSION}.data/scripts/uv")
    binary.parent.mkdir(parents=True, exist_ok=True)
    partial = binary.with_suffix(".partial")
    partial.write_bytes(unpacked)
    partial.chmod(0o755)
    return partial.replace(binary)


def _download(filename: str, configuration: Configuration) -> tuple[bytes, str]:
    tried: list[str] = []
    for page in configuration.pages():
        try:
            link = find_link(*read(page, configuration), filename)
            if link is not None:
                say(f"fetching {filename} from {shown(page)}")
                return read(link, configuration)[0], link
            tried.append(f"{shown(page)}: does not list it")
        except (OSError, ValueError, KeyError) as error:  # no network, no such page, a page that is no index
            tried.append(f"{shown(page)}: {error}")
    raise BootstrapError(
        f"{filename} was found nowhere:\n  "
        + "\n  ".join(tried or ["no place to look: no-index without find-links"])
        + "\nName an index that has it (UV_DEFAULT_INDEX, PIP_INDEX_URL or pip.conf), or put the file into a folder and"
        " name that (PIP_FIND_LINKS).\nIf a certificate could not be verified: SSL_CERT_FILE names the right bundle."
    )


@dataclass(frozen=True, slots=True)
class Uv:
    """uv with the configuration that was found."""

    binary: Path
    environ: Mapping[str, str]

    def run(self, *arguments: str) -> None:
        """Run uv in the checkout; what it says is shown only where it fails. Raises BootstrapError then."""
        done = subprocess.run(
            [self.binary, *arguments], check=False, env=dict(self.environ), cwd=ROOT, capture_output=True, text=True
        )
        if done.returncode:
            raise BootstrapError(f"uv {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}".rstrip())


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
    path.write_text(f'#!/bin/sh\nexec "{PYTHON}" "{Path(__file__).resolve()}" uv "$@"\n', "utf-8")
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


def say(line: str) -> None:
    """A line of progress, out of the way of what a program pipes on."""
    print(f"bootstrap: {line}", file=sys.stderr, flush=True)


def _names(arguments: Sequence[str]) -> list[str]:
    known = "\n".join(f"  {name:7}{each.folder:13}{each.purpose}" for name, each in ENVIRONMENTS.items())
    parser = argparse.ArgumentParser(
        prog="python3 bootstrap.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Make Tunedrop's Python environments inside this checkout. What is there already is left alone.",
        epilog=f"environments (default: dev local):\n{known}\n\nother words, each alone:\n"
        "  uv ...  run the pinned uv with the configured package index\n"
        "  lock    write requirements/*.txt anew from pyproject.toml\n\n"
        "The package index is the one of UV_DEFAULT_INDEX, UV_INDEX_URL, PIP_INDEX_URL or pip's configuration files;\n"
        "extra indexes, find-links, certificates and trusted hosts of pip are used too. Every file's hash is checked.",
    )
    parser.add_argument("names", nargs="*", metavar="environment")
    parsed = parser.parse_args(arguments)
    unknown = set(parsed.names) - {*ENVIRONMENTS, "lock"}
    if unknown:
        parser.error(
            f"unknown: {', '.join(sorted(unknown))}; known are: {', '.join([*ENVIRONMENTS, 'lock', 'uv ...'])}"
        )
    return parsed.names or ["dev", "local"]


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    passed_on = arguments[1:] if arguments[:1] == ["uv"] else None
    names = [] if passed_on is not None else _names(arguments)
    try:
        configuration = read_configuration(os.environ)
        with alone():
            uv = Uv(
                fetch_uv(configuration, BUILD / "uv", *uv_wheel(*this_machine())),
                uv_environment(configuration, os.environ, cache=BUILD / "uv-cache"),
            )
            for name in names:
                compile_locks(uv) if name == "lock" else make(name, uv)
    except BootstrapError as error:
        print(f"bootstrap: error: {error}", file=sys.stderr)
        return 1
    if passed_on is not None:
        os.execve(uv.binary, ["uv", *passed_on], dict(uv.environ))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

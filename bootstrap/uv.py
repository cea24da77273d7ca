"""uv: which one is pinned for which machine, how it is fetched and verified, how it is run."""

from __future__ import annotations

import hashlib
import io
import platform
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from bootstrap.index import BootstrapError, Configuration, find_link, read, shown

ROOT = Path(__file__).resolve().parents[1]

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
        except (OSError, HTTPException, ValueError, KeyError) as error:  # no network or page, half a page, no index
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


def say(line: str) -> None:
    """A line of progress, out of the way of what a program pipes on."""
    print(f"bootstrap: {line}", file=sys.stderr, flush=True)

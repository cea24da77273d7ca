"""SAM CLI as a person uses it, from the environment that `make build` makes; each build is made once."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tunedrop_local import packages

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
SHIPPED: tuple[tuple[str, str], ...] = ()
HERE = (("LAYER_PLATFORM", packages.host_platform()), ("LAYER_PYTHON", packages.host_python()))
"""For this machine and its Python."""


class SamFailed(AssertionError):
    """A command of SAM CLI failed; the message is what it said."""


def run(*arguments: str, variables: Mapping[str, str] | None = None, timeout: float = 4 * PATIENCE) -> str:
    """What `sam ...` printed; raises SamFailed for an exit status other than 0."""
    surroundings = environment() | {"SAM_CLI_TELEMETRY": "0"} | dict(variables or {})
    done = subprocess.run(
        ["sam", *arguments], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode:
        raise SamFailed(f"sam {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


@functools.cache
def build(variables: tuple[tuple[str, str], ...] = SHIPPED) -> Path:
    """The folder of a `sam build`: as shipped, or with variables of the layer's Makefile."""
    folder = ROOT / "build" / "sam" / ("-".join(value for _, value in variables) or "shipped")
    shutil.rmtree(folder, ignore_errors=True)
    run("build", "--no-cached", "--build-dir", str(folder), variables=dict(variables))
    return folder


@functools.cache
def environment() -> dict[str, str]:
    """The person's own environment, with SAM CLI's before all else on the PATH."""
    subprocess.run([sys.executable, ROOT / "bootstrap", "sam"], check=True)
    path = os.pathsep.join([str(ROOT / ".venv-sam" / "bin"), os.environ["PATH"]])  # noqa: TID251 - sam needs the PATH
    return {**os.environ, "PATH": path}  # noqa: TID251

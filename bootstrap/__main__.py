"""The command, `python3 bootstrap --help`: a folder that is run, so that it works anywhere and needs no install."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python is told so; the file parses on 3.8
    sys.exit(
        f"Tunedrop needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try: PYTHON=python3.12"
    )
if not __package__:  # run as a folder, Python looks inside it; as `python3 -m bootstrap`, beside it
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
import os
from collections.abc import Sequence

from bootstrap.environments import BUILD, ENVIRONMENTS, alone, compile_locks, make
from bootstrap.index import BootstrapError, read_configuration, uv_environment
from bootstrap.uv import Uv, fetch_uv, this_machine, uv_wheel


def _names(arguments: Sequence[str]) -> list[str]:
    known = "\n".join(f"  {name:7}{each.folder:13}{each.purpose}" for name, each in ENVIRONMENTS.items())
    parser = argparse.ArgumentParser(
        prog="python3 bootstrap",
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

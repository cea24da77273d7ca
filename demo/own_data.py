"""Your own data in the demo: checked on this machine first, so that a bad file ends before a cloud is started."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from tunedrop_cli.main import main as tunedrop

from demo.journey import DataRejected
from demo.surroundings import BASE_MODEL, BUILD


def settings(mapping: str) -> Path:
    """Write the `dataset.toml` that says which field is what; `mapping` as in `prompt=question 'completion=answer'`."""
    fields = [each.partition("=") for each in shlex.split(mapping)]
    lines = ["[mapping]", *(f"{field} = {json.dumps(name, ensure_ascii=False)}" for field, _, name in fields)]
    BUILD.mkdir(parents=True, exist_ok=True)
    written = BUILD / "dataset.toml"
    written.write_text("\n".join(lines) + "\n" if fields else "", "utf-8")
    return written


def check(files: Mapping[str, Path], mapping: str) -> Path:
    """Check the files of each split as `tunedrop check` does, which prints its report; return their settings.

    Raises DataRejected.
    """
    named = [word for split, path in files.items() for word in (f"--{split}", str(path))]
    maps = [word for each in shlex.split(mapping) for word in ("--map", each)]
    made = settings(mapping)
    code = tunedrop(["check", *named, *maps, "--model", BASE_MODEL, "--settings", str(made)])
    if code:
        why = "was rejected; fix what the findings name" if code == 1 else "could not be checked"
        raise DataRejected(f"your data {why}, and no cloud was started")
    return made

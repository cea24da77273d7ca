"""The command called in this process: exit code, standard output, standard error."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tunedrop_cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def text(self) -> str:
        return self.out.decode()


@pytest.fixture
def tunedrop(capfdbinary, monkeypatch, tmp_path) -> Callable[..., Ran]:
    """Runs `tunedrop ARGUMENT...` in a folder of its own, with these bytes as standard input."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, given: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        capfdbinary.readouterr()
        try:
            code = main.main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        sys.stdout.flush()
        said = capfdbinary.readouterr()
        return Ran(code, said.out, said.err.decode())

    return run


@pytest.fixture
def put(tmp_path) -> Callable[[str, bytes], Path]:
    """Writes a file into that folder."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write

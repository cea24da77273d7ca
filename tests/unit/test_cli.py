"""The tunedrop command: help that teaches, and clear words without credentials or set-up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tunedrop import __version__
from tunedrop.domain.checks import examples
from tunedrop_cli import main
from tunedrop_cli.errors import Refused


def test_help_shows_what_to_do_first(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "tunedrop local up" in said
    assert "tunedrop keys create" in said


def test_the_version_is_the_projects(capsys):
    with pytest.raises(SystemExit):
        main.main(["--version"])
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["keys"], ["keys", "create"], ["local", "sideways"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_without_credentials_it_says_so(environment, capsys):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        environment.delenv(name)
    assert main.main(["keys", "list"]) == 1
    assert "credentials" in capsys.readouterr().err


def test_a_refusal_reads_as_code_and_words():
    assert (
        str(Refused(409, {"code": "deployment_exists", "message": "It is Ready."}))
        == "409 deployment_exists: It is Ready."
    )


def test_a_reader_that_has_seen_enough_gets_no_verdict(tmp_path):
    """`tunedrop … | head -0`: what is left unsaid is neither accepted nor rejected."""
    lines = examples.good(3_000)().replace(b"It is", b"\\u0000")
    (tmp_path / "train.jsonl").write_bytes(lines)
    program = [sys.executable, "-c", "import sys; from tunedrop_cli.main import main; sys.exit(main(sys.argv[1:]))"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run(
            [*program, "check", "train.jsonl", "--format", "json"],
            stdout=nobody,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (128 + 13, b"")

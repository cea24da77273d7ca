"""`tunedrop --print-completion`: the script completes commands, options, base models and files."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from tunedrop_cli import main

ASK = """
source completion.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_tunedrop tunedrop "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(capsys):
    def printed(shell: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main.main(["--print-completion", shell])
        assert ended.value.code == 0
        return capsys.readouterr().out

    return printed


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["c"], {"check", "clean", "cleanup", "convert", "costs"}),
        (["keys", ""], {"create", "list", "revoke"}),
        (["local", "d"], {"down", "deploy"}),
        (["push", "--by"], {"--by-events"}),
        (["check", "train.jsonl", "--model", "nova-m"], {"nova-micro"}),
        (["check", "tr"], {"train.jsonl", "training"}),
        (["check", "train.jsonl", "--html", "tr"], {"train.jsonl", "training"}),
        (["push", "tr"], {"training"}),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(script, tmp_path, words, completed):
    (tmp_path / "completion.bash").write_text(script("bash"))
    (tmp_path / "train.jsonl").touch()
    (tmp_path / "training").mkdir()
    ask = ["bash", "--norc", "-c", ASK, "ask", "tunedrop", *words]
    said = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (set(said.stdout.split()), said.stderr) == (completed, "")


@pytest.mark.parametrize("shell", main.SHELLS)
def test_each_shell_has_a_script_that_knows_every_command(script, shell):
    text = script(shell)
    assert [name for name in main.COMMANDS if name not in text] == []


def test_another_shell_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["--print-completion", "ksh"])
    assert ended.value.code == 2
    assert "bash" in capsys.readouterr().err

"""What a hint says to type does nothing else when it is pasted, whatever the fields of a file are called."""

from __future__ import annotations

import subprocess

import pytest
from tunedrop.domain.formats import field_mapping, shapes

NAMES = ("x'$(id)", "`id`", "$HOME", "a;id", "a&id", "a>b", 'a"$(id)', "reviewed by", "*", "~", "#a", "plain")


def typed(hint: str, option: str) -> list[str]:
    """The words that a shell makes of the options in a hint."""
    command = f"printf '%s\\n' {hint[hint.index(option) :]}"
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_the_names_of_fields_are_only_words_to_a_shell(name):
    assert typed(shapes.leaving_out([name, "day"]), "--ignore-field") == [
        "--ignore-field", name, "--ignore-field", "day",
    ]  # fmt: skip
    turns = [{"who": "customer", "words": "Why?"}, {"who": "agent", "words": "So."}]
    hint = field_mapping.suggestion({name: turns})
    assert typed(hint, "--map") == ["--map", f"messages={name}", "--map", "role=who", "--map", "content=words"]

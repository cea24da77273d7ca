"""What is wrong with a piece of data, before anyone has judged how bad that is."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong: a stable code (`docs/data-format.md`), a sentence, where (JSON path), and what to do about it.

    An empty hint stands for the code's usual one. `line` is for text that is not read line by line (dataset.toml), and
    with `record` for what shows only after all records were read.
    """

    code: str
    message: str
    path: str = "$"
    hint: str = ""
    line: int | None = None
    record: int | None = None


def shown(name: object) -> str:
    """A field's name or a setting's value as a message may quote it: escaped and never longer than 40 characters.

    What is rather content, such as a table's first record where its header should be, is not quoted.
    """
    if isinstance(name, str) and is_content(name):
        return f"(a text of {len(name):,} characters)"
    text = ascii(name)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}…{text[-1]}"


def is_content(name: str) -> bool:
    """Whether no field is called so: several words that end as sentences do, many words, or an e-mail address."""
    words = name.count(" ") + 1
    return (words > 2 and name.endswith((".", "?", "!"))) or words > 6 or "@" in name[1:]


def kind(value: object) -> str:
    """What JSON calls this value, for messages that must not quote it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


class UnreadableContent(Exception):
    """From here on a file's bytes mean nothing: leaves a container's reader, and ends in a finding about the file."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.code)
        self.defect = defect

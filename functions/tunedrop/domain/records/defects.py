"""Defects: what is wrong with a piece of data, before the policy decides how severe that is."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect: a stable code (`docs/data-format.md`), a sentence, the JSON path, and a hint.

    An empty hint means the code's usual one. `line` is set for text that is not read line by line (dataset.toml);
    `line` and `record` are set for defects that show only after all records were read.
    """

    code: str
    message: str
    path: str = "$"
    hint: str = ""
    line: int | None = None
    record: int | None = None


def shown(name: object) -> str:
    """Quote a field's name or a setting's value for a message: as it is written, in at most 40 characters.

    Characters that are not seen, or that turn the direction of what follows, are escaped.

    Text that looks like content, such as a record in place of a table's header, is not quoted.
    """
    if isinstance(name, str) and is_content(name):
        return f"(a text of {len(name):,} characters)"
    text = repr(name)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}…{text[-1]}"


def is_content(name: str) -> bool:
    """Whether a name looks like content: a sentence of several words, more than six words, or an e-mail address."""
    words = name.count(" ") + 1
    return (words > 2 and name.endswith((".", "?", "!"))) or words > 6 or "@" in name[1:]


def kind(value: object) -> str:
    """The JSON type of a value, with its article, for messages that must not quote the value."""
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
    """A container's reader can make no sense of the rest of a file. It becomes a finding about the file."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.code)
        self.defect = defect

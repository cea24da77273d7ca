"""What the texts of one record hold, worked out once, so that a check can prove cheaply that it would find nothing.

Most texts are lower-case prose, and most checks look for something that such prose has not. What is left of all texts
without common characters is a tenth of them: a sign whose rare characters are not in there is in no text. A proof may
fail although there is nothing to find; that only costs time. It must never hold if there is something.
"""

from __future__ import annotations

from collections.abc import Callable

from tunedrop.domain.records.record import Record

_COMMON = bytes(range(0x80, 0x100)) + b"abcdefghijklmnopqrstuvwxyz0123456789 \t\n\r,.'\"()!?;"
CONTROL_BYTES = bytes([*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
"""C0 controls but NUL, tab and line ends, and DEL."""
_ONE_CONTROL = "\x01"
_RARE = bytes.maketrans(b"\0" + CONTROL_BYTES, _ONE_CONTROL.encode() * (1 + len(CONTROL_BYTES)))
_ASCII = bytes(range(0x80))
_SIDES = ["user", "assistant"]

_RAREST = "|\\{}_^~`@[]&#<>=*+/-:"
"""Rare characters, those first of which texts have the fewest."""

Clear = Callable[["Marks"], bool]
"""Proves from a record's marks that a check finds nothing in it."""


class Marks:
    """A record's texts and what proofs ask of them."""

    __slots__ = (
        "alternates",
        "answers",
        "beyond",
        "is_pair",
        "is_single",
        "is_trimmed",
        "rare",
        "raw",
        "texts",
        "whole",
    )

    def __init__(self, record: Record) -> None:
        turns = record.turns
        roles = [turn.role for turn in turns]
        self.texts = [text for _, _, text in record.texts]
        self.answers = [text for where, _, text in record.texts if where == "assistant"]
        single = [len(turn.blocks) for turn in turns] == [1] * len(turns)
        self.is_single = single and len(self.texts) == len(turns) + len(record.system)
        """Whether each turn has exactly one text and nothing else, and the system has only texts."""
        self.alternates = len(roles) > 1 and roles == _SIDES * (len(roles) // 2)
        """Whether the user begins, the assistant ends, and nobody speaks twice in a row."""
        self.is_pair = len(turns) == 2 and self.is_single and self.alternates and not record.system
        """Whether it is one question and one answer and nothing else."""
        self.is_trimmed = "" not in self.texts and [text.strip() for text in self.texts] == self.texts
        """Whether no text is empty, or begins or ends with white space."""
        self.whole = "\t".join(self.texts)
        """All texts, with a tab between them: whatever is in one of them is in here."""
        self.raw = self.whole.encode("utf-8", "surrogatepass")
        self.rare = _rare(self.raw)
        """Without common characters; a control is U+0001."""
        self.beyond = "" if self.whole.isascii() else self.raw.translate(None, _ASCII).decode("utf-8", "surrogatepass")
        """Without ASCII."""


def _rare(raw: bytes) -> str:
    """As str, in which one looks five times as fast as in bytes."""
    return raw.translate(_RARE, _COMMON).decode("ascii")


def _rarity(character: str) -> int:
    """The place of a character among rare ones; capital letters are less rare than all others."""
    return _RAREST.find(character) % (len(_RAREST) + 1)  # -1, not found, is the last


class Signs:
    """Texts of which a record must hold one if a check is to find anything."""

    __slots__ = ("_beyond", "_by_rarest", "_common", "signs")

    def __init__(self, *signs: str) -> None:
        self.signs = signs
        self._beyond = tuple(sign for sign in signs if not sign.isascii())
        marked = [(_rare(sign.encode()), sign) for sign in signs if sign.isascii()]
        self._common = tuple(sign for mark, sign in marked if not mark)
        by_rarest: dict[str, list[tuple[str, str]]] = {}
        for mark, sign in marked:
            if mark:
                by_rarest.setdefault(min(mark, key=_rarity), []).append((mark, sign))
        self._by_rarest = tuple(by_rarest.items())
        """(character, (rare characters, sign) of each whose rarest this is): nearly always, the character decides."""

    def __call__(self, marks: Marks) -> bool:
        """Whether the record holds none of them."""
        rare, whole = marks.rare, marks.whole
        for rarest, of_it in self._by_rarest:
            if rarest in rare:
                for mark, sign in of_it:
                    if mark in rare and sign in whole:
                        return False
        for sign in self._common:
            if sign in whole:
                return False
        return not (marks.beyond and any(map(whole.__contains__, self._beyond)))


def alternates(marks: Marks) -> bool:
    """Whether the user begins, the assistant ends, and nobody speaks twice in a row."""
    return marks.alternates


def is_pair(marks: Marks) -> bool:
    """Whether it is one question and one answer and nothing else."""
    return marks.is_pair


def is_trimmed(marks: Marks) -> bool:
    """Whether each turn has a text, and no text is empty, or begins or ends with white space."""
    return marks.is_trimmed and marks.is_single


def no_control(marks: Marks) -> bool:
    """Whether no text has a control character other than tab and line ends."""
    return _ONE_CONTROL not in marks.rare

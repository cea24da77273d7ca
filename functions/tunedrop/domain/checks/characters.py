"""Checks for single characters that should not be trained on: controls, invisible ones, wrongly decoded ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import examples, marks, proofs
from tunedrop.domain.checks.marks import Marks
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.record import Record

_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAYBE_INVISIBLE = re.compile(
    "[\u115f\u1160\u180e\u200b\u202a-\u202e\u2060\u2066-\u2069\u3164\ufeff\uffa0\U000e0000-\U000e007f]"
)
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|"  # flags of England, Scotland and Wales are spelled in tags
    + _MAYBE_INVISIBLE.pattern
)

_BEYOND = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what Windows-1252 has instead of the controls U+0080 to U+009F
_AFTER_CAPITAL = "€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ"  # without what may follow a capitalized word: quotes, dashes, …
_LATER = f"[\x80-\xbf{_BEYOND}]"
_MOJIBAKE = re.compile(
    f"Ã[\x80-\xbf{_AFTER_CAPITAL}]"  # é, ü
    f"|[ÄÅ][\x80-\x9f¡-¶¸-º¼-¿…{_AFTER_CAPITAL}]"  # ą, ž
    f"|Â[\x80-\xbf]"  # °, no-break space
    f"|â(?:€|\x80){_LATER}"  # curly quotes, dashes, …
    f"|(?:[ÐÑ]{_LATER}){{3}}"  # Cyrillic
    f"|(?:[ä-é]{_LATER}{{2}}){{2}}"  # Han, Kana, Hangul
    f"|ðŸ{_LATER}{{2}}"  # emoji
    "|ï»¿|ï¿½"  # the byte-order mark, U+FFFD
    "|[\x80-\x84\x86-\x9f]"  # no real text has these controls: it is Windows-1252 read as Latin-1
)


def _no_invisible(marks: Marks) -> bool:
    return not marks.beyond or not _MAYBE_INVISIBLE.search(marks.beyond)


def _no_mojibake(marks: Marks) -> bool:
    # Every wrong sequence begins below U+0100, which is C2 or C3 in UTF-8: a quick test before the pattern.
    return not marks.beyond or not ((b"\xc3" in marks.raw or b"\xc2" in marks.raw) and _MOJIBAKE.search(marks.beyond))


def _no_replacement(marks: Marks) -> bool:
    return "\ufffd" not in marks.beyond


@check(
    code="nul_character",
    shared=True,
    words="A text holds the character U+0000.",
    hint="Remove it: it is a trace of binary data.",
    example=Example('{"prompt": "Why?\\u0000", "completion": "Because."}'),
    absent=proofs.no_nul,
    clear=marks.no_control,
)
def nul_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag U+0000 in any text."""
    for _, path, text in record.texts:
        if "\0" in text:
            yield Spot(path, f"U+0000 at character {text.index(chr(0)) + 1}.")


@check(
    code="control_character",
    severity="warning",
    shared=True,
    words="A text holds control characters other than tab and line ends.",
    hint="They are kept as they are; remove them if they came from a terminal or a PDF.",
    example=Example('{"prompt": "Why?\\u0007", "completion": "Because."}'),
    clear=marks.no_control,
)
def control_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag C0 controls (except tab and line ends) and DEL."""
    # On clean text, which most text is, bytes.translate is three times as fast as the pattern.
    for _, path, text in record.texts:
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw.translate(None, marks.CONTROL_BYTES)) < len(raw) and (match := _CONTROLS.search(text)):
            yield Spot(path, f"U+{ord(match[0]):04X} at character {match.start() + 1}.")


@check(
    code="invisible_character",
    severity="warning",
    shared=True,
    words="A text holds invisible characters: direction overrides, zero-width spaces, fillers or tags.",
    hint="They are kept as they are; they can hide text from a reader that the model sees.",
    example=Example('{"prompt": "Why?\\u200b", "completion": "Because."}'),
    clear=_no_invisible,
)
def invisible_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag invisible characters. The joiners that emoji and Persian need are allowed."""
    for _, path, text in record.texts:
        if text.isascii() or not _MAYBE_INVISIBLE.search(text):
            continue
        match = next((match for match in _INVISIBLE.finditer(text) if not match[1]), None)
        if match:
            yield Spot(path, f"U+{ord(match[0]):04X} at character {match.start() + 1}.")


@check(
    code="mojibake",
    severity="warning",
    shared=True,
    words="A text was decoded with the wrong character encoding, so single letters turned into pairs of others.",
    hint="Read the original as UTF-8 and write the file again.",
    example=Example(examples.line("Why?", "Because the caf\u00c3\u00a9 is closed.")),
    clear=_no_mojibake,
)
def mojibake(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag UTF-8 that was read as Latin-1 or Windows-1252."""
    for _, path, text in record.texts:
        if text.isascii():
            continue
        raw = text.encode("utf-8", "surrogatepass")
        # Every wrong sequence begins below U+0100, which is C2 or C3 in UTF-8: a quick test before the pattern.
        if (b"\xc3" in raw or b"\xc2" in raw) and (match := _MOJIBAKE.search(text)):
            yield Spot(path, f"Wrongly decoded characters from character {match.start() + 1} on.")


@check(
    code="replacement_character",
    severity="warning",
    shared=True,
    words="A text holds U+FFFD, which replaces a character that could not be decoded.",
    hint="The character is only in the original: decode that again with its own encoding.",
    example=Example(examples.line("Why?", "Because the caf\ufffd is closed.")),
    clear=_no_replacement,
)
def replacement_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Flag U+FFFD: a character was lost in decoding."""
    for _, path, text in record.texts:
        if "\ufffd" in text:
            yield Spot(path, f"U+FFFD at character {text.index(chr(0xFFFD)) + 1}, {text.count(chr(0xFFFD))} in all.")

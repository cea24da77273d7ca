"""Single characters that a careful person would not want to train on, whatever they say together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.checks import proofs, samples
from tunedrop.domain.checks.registry import Example, Spot, check
from tunedrop.domain.records.record import Record

_CONTROL_BYTES = bytes([*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAYBE_INVISIBLE = re.compile(
    "[\u115f\u1160\u180e\u200b\u202a-\u202e\u2060\u2066-\u2069\u3164\ufeff\uffa0\U000e0000-\U000e007f]"
)
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|"  # the flag of a part of a country is spelt in tags
    + _MAYBE_INVISIBLE.pattern
)

_BEYOND = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what Windows-1252 has in place of the controls U+0080 to U+009F
_AFTER_CAPITAL = "€‚ƒ„†‡ˆ‰Š‹ŒŽ•˜™š›œžŸ"  # less what may follow a word in capitals
_LATER = f"[\x80-\xbf{_BEYOND}]"
_MOJIBAKE = re.compile(
    f"Ã[\x80-\xbf{_AFTER_CAPITAL}]"  # é, ü
    f"|[ÄÅ][\x80-\x9f¡-¶¸-º¼-¿…{_AFTER_CAPITAL}]"  # ą, ž
    f"|Â[\x80-\xbf]"  # °, a space that does not break
    f"|â(?:€|\x80){_LATER}"  # curly quotes, dashes, …
    f"|(?:[ÐÑ]{_LATER}){{3}}"  # Cyrillic
    f"|(?:[ä-é]{_LATER}{{2}}){{2}}"  # Han, Kana, Hangul
    f"|ðŸ{_LATER}{{2}}"  # emoji
    "|ï»¿|ï¿½"  # the byte-order mark, U+FFFD
    "|[\x80-\x84\x86-\x9f]"  # no text has these controls: Windows-1252 read as Latin-1
)


@check(
    code="nul_character",
    shared=True,
    words="A text holds the character U+0000.",
    hint="Take it out: it is the trace of binary data.",
    example=Example('{"prompt": "Why?\\u0000", "completion": "Because."}'),
    absent=proofs.no_nul,
)
def nul_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """No NUL in any text."""
    for _, path, text in record.texts:
        if "\0" in text:
            yield Spot(path, f"U+0000 at character {text.index(chr(0)) + 1}.")


@check(
    code="control_character",
    severity="warning",
    shared=True,
    words="A text holds control characters other than tab and line ends.",
    hint="They are carried as they are; take them out if they came from a terminal or a PDF.",
    example=Example('{"prompt": "Why?\\u0007", "completion": "Because."}'),
)
def control_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """C0 controls and DEL."""
    for _, path, text in record.texts:
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw.translate(None, _CONTROL_BYTES)) < len(raw) and (match := _CONTROLS.search(text)):
            yield Spot(path, f"U+{ord(match[0]):04X} at character {match.start() + 1}.")


@check(
    code="invisible_character",
    severity="warning",
    shared=True,
    words="A text holds invisible characters: direction overrides, zero-width spaces, fillers or tags.",
    hint="They are carried as they are; they can hide text from a reader that the model sees.",
    example=Example('{"prompt": "Why?\\u200b", "completion": "Because."}'),
)
def invisible_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Characters that nobody sees. Joiners of emoji and of Persian are no such."""
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
    words="A text was decoded with the wrong character encoding on its way, so letters turned into pairs of others.",
    hint="Read the original as UTF-8 and write the file again.",
    example=Example(samples.line("Why?", "Because the caf\u00c3\u00a9 is closed.")),
)
def mojibake(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """No UTF-8 that was read as Latin-1 or Windows-1252."""
    for _, path, text in record.texts:
        if text.isascii():
            continue
        raw = text.encode("utf-8", "surrogatepass")
        if (b"\xc3" in raw or b"\xc2" in raw) and (match := _MOJIBAKE.search(text)):  # each begins below U+0100
            yield Spot(path, f"Wrongly decoded characters from character {match.start() + 1} on.")


@check(
    code="replacement_character",
    severity="warning",
    shared=True,
    words="A text holds U+FFFD, which stands where a character could not be decoded.",
    hint="What was lost is only in the original: read that in its own encoding.",
    example=Example(samples.line("Why?", "Because the caf\ufffd is closed.")),
)
def replacement_character(record: Record, base_model: BaseModel) -> Iterator[Spot]:
    """Nothing was lost in decoding."""
    for _, path, text in record.texts:
        if "\ufffd" in text:
            yield Spot(path, f"U+FFFD at character {text.index(chr(0xFFFD)) + 1}, {text.count(chr(0xFFFD))} in all.")

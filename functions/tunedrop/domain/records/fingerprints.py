"""Fingerprints of a split's records: enough to recognize a record, or a near duplicate, but not what it says.

Records are compared in a normal form: lower case, without white space, quotation marks, question marks and semicolons,
and without periods, commas and colons at the end. Anything else that distinguishes two texts, such as an operator or a
decimal point, is kept. Digests identify a normal form. For near duplicates there is a sketch of the main part, which
is the question if it is long, else the answer if that is long. Cutting the normal form at some letters gives about
one piece per two words of English or four characters of Chinese, independent of their position; the sketch holds a
checksum of each piece. A changed word changes one or two pieces, an added sentence adds some.

Every pass over a text is one call into C: a digest, a translation, a split, a map.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from hashlib import sha256
from typing import TypeAlias
from zlib import crc32

from tunedrop.domain.records.record import Block, Record, Turn, joined

MEMORY = 50_000
"""Records remembered per split: more than any base model takes (docs/facts.md#data-limits)."""
WINDOW = 400
"""Bytes at each end of a normal form that are sketched; between them, only digits and length count."""
MAX_PIECES = 32
"""Most checksums in a sketch; the smallest are kept."""
MIN_WORDS, MIN_BYTES = 40, 240
"""A part with fewer words and a shorter normal form has no sketch: too short for near duplicates. Scripts without
blanks have only bytes."""
QUESTION, ANSWER = 1, 2
"""Which part is the main one; 0 is neither."""
MAX_WORDS = 32
"""Most words of the other part whose checksums are kept: the first ones."""
ENDS = {QUESTION: 40, ANSWER: 12}
"""Bytes compared at each end of the other part's normal form, by the main part."""

_IGNORED = b" \t\n\r\x0b\x0c\"'?;"
_AT_THE_END = b".,:"
_LOWER = bytes(range(256)).lower()
_CUTS = b"bfgjkpqvxyz" + b"\x87\x93\x9f\xab\xb2\xb6"
"""Letters that together make up an eighth of English text, and UTF-8 bytes of other scripts about as often."""
_LONGEST_OPENING = 400
"""Characters of the other part that are looked through for words."""
_WORDS = bytes(byte if byte >= 128 or chr(byte).isalnum() else 32 for byte in _LOWER)
"""In lower case, with a blank in place of each mark."""
_CUT = bytes(0 if byte in _CUTS else byte for byte in range(256))
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
_NO_CASE = 2.5
"""With this many bytes per character in UTF-8, a text is taken for a script without case, such as Chinese."""
_TYPESET = (
    ("\u2019", "'"),
    ("\u2018", "'"),
    ("\u201c", '"'),
    ("\u201d", '"'),
    ("\u00a0", " "),
)
"""Typographic characters and the plain ones they are compared as."""


COLUMNS = {
    "numbers": "I",
    "lines": "I",
    "questions": "Q",
    "answers": "I",
    "exact": "I",
    "mains": "B",
    "question_sizes": "I",
    "answer_sizes": "I",
    "digits": "I",
    "heads": "I",
    "tails": "I",
}
"""Columns with one number per record, and the type codes of their arrays."""


Words: TypeAlias = "array[int] | bytes"
"""Checksums of words, in ascending order, or what they are still to be made of."""


class Fingerprints:
    """The fingerprints of one split's records, in columns, in file order.

    - numbers: the record's number in its split, from 1; lines: its line, 0 if the format has no lines
    - questions: 64-bit digest of the normal form of everything but the last turn
    - answers: checksum of the last turn's normal form; only compared between records with similar questions
    - exact: checksum of all bytes, which distinguishes records with the same normal form
    - mains: which part is the main one, QUESTION or ANSWER; 0 if both are too short
    - question_sizes, answer_sizes: bytes of the normal forms, without the system text
    - sketches: checksums of the main part's pieces in ascending order; empty if both parts are too short

    Only for records with a sketch, else 0:

    - digits: checksum of the system text and of the main part's digits in order
    - heads, tails: checksums of the beginning and the end of the other part
    - words: the other part's first words, as `checksums` takes them: few records are so alike that they are looked at
    """

    __slots__ = (*COLUMNS, "_system", "sketches", "words")

    numbers: array[int]
    lines: array[int]
    questions: array[int]
    answers: array[int]
    exact: array[int]
    mains: array[int]
    question_sizes: array[int]
    answer_sizes: array[int]
    digits: array[int]
    heads: array[int]
    tails: array[int]

    def __init__(self) -> None:
        for name, code in COLUMNS.items():
            setattr(self, name, array(code))
        self.sketches: list[array[int]] = []
        self.words: list[Words] = []
        self._system = ("", b"", 0)

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.numbers)

    def add(self, record: Record, number: int, line: int | None) -> None:
        """Append one record's fingerprint. `number` and `line` count from 1."""
        question, answer = _texts(record.turns)
        system, seed = self._of_system(record.system) if record.system else (b"", 0)
        asked, seed = _normal(question, seed)
        said, exact = _normal(answer, seed)
        self.numbers.append(number)
        self.lines.append(line or 0)
        self.questions.append(int.from_bytes(sha256(system + asked).digest()[:8], "little"))
        self.answers.append(crc32(said))
        self.exact.append(exact)
        self.question_sizes.append(len(asked))
        self.answer_sizes.append(len(said))
        if _is_long(question, asked):
            self._add_sketch(QUESTION, system, asked, said, answer)
        elif _is_long(answer, said):
            self._add_sketch(ANSWER, system, said, asked, question)
        else:
            self.mains.append(0)
            self.digits.append(0)
            self.heads.append(0)
            self.tails.append(0)
            self.sketches.append(_NONE)
            self.words.append(_NONE)

    def _add_sketch(self, which: int, system: bytes, main: bytes, other: bytes, other_text: str) -> None:
        self.mains.append(which)
        self.digits.append(crc32(system + main.translate(None, _NO_DIGITS)))
        self.heads.append(crc32(other[: ENDS[which]]))
        self.tails.append(crc32(other[-ENDS[which] :]))
        self.sketches.append(_sketch(main))
        self.words.append(_words(other_text))

    def _of_system(self, blocks: tuple[Block, ...]) -> tuple[bytes, int]:
        """Digest and checksum of the system text, cached because it is usually the previous record's."""
        text = "\0".join(_contents(blocks))
        if text != self._system[0]:
            normal, exact = _normal(text, 0)
            self._system = (text, sha256(normal).digest()[:8], exact)
        return self._system[1:]


_NONE = array("I")


def _is_long(text: str, normal: bytes) -> bool:
    return len(normal) >= MIN_BYTES or text.count(" ") + text.count("\n") >= MIN_WORDS - 1


def _texts(turns: tuple[Turn, ...]) -> tuple[str, str]:
    """The question, which is everything before the last turn, and the answer. Unusual roles are part of them."""
    if len(turns) == 2:
        first, last = turns
        if len(first.blocks) == len(last.blocks) == 1 and first.role == "user" and last.role == "assistant":
            asked, said = first.blocks[0].text, last.blocks[0].text
            if asked is not None and said is not None:
                return asked, said
    return "\0".join(_parts(turns[:-1])), "\0".join(_parts(turns[-1:]))


def _parts(turns: tuple[Turn, ...]) -> Iterator[str]:
    for turn in turns:
        yield turn.role
        yield from _contents(turn.blocks)


def _contents(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Adjacent texts joined into one; of other blocks a number, whose digits no near duplicate may change."""
    if all(block.text is not None for block in blocks):
        yield joined(blocks)
    else:
        yield from (_number(block) if block.text is None else block.text for block in blocks)


def _number(block: Block) -> str:
    return str(int.from_bytes(sha256(repr(block.opaque).encode("utf-8", "surrogatepass")).digest()[:8], "little"))


def _normal(text: str, seed: int) -> tuple[bytes, int]:
    """The normal form, and a checksum of the original text that continues from `seed`."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    exact = crc32(raw, seed)
    if len(text) < len(raw) < _NO_CASE * len(text):
        raw = _plain(text)
    return raw.translate(_LOWER, _IGNORED).rstrip(_AT_THE_END), exact


def _plain(text: str) -> bytes:
    """Non-ASCII text in lower case, with plain quotation marks and spaces."""
    text = text.lower()
    for typeset, plain in _TYPESET:
        if typeset in text:
            text = text.replace(typeset, plain)
    return text.encode("utf-8", "surrogatepass")


def _sketch(normal: bytes) -> array[int]:
    if len(normal) > 2 * WINDOW:
        normal = normal[:WINDOW] + b"\0" + normal[-WINDOW:]
    pieces = sorted(set(map(crc32, normal.translate(_CUT).split(b"\0"))))
    return array("I", pieces[:MAX_PIECES])


def _words(text: str) -> Words:
    opening = text[:_LONGEST_OPENING].encode("utf-8", "replace").translate(_WORDS)
    return opening if len(opening) <= _LONGEST_OPENING else checksums(opening)


def checksums(words: Words) -> array[int]:
    """Checksums of the words, in ascending order."""
    if isinstance(words, array):
        return words
    return array("I", sorted(set(map(crc32, words.split(None, MAX_WORDS)[:MAX_WORDS]))))

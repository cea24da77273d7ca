"""Which questions of a test split a model was trained on, in whatever form train has them. Pure.

Texts are compared as metrics compare them (NFKC, case folded), and without white space, what nobody sees, quotation
marks, question marks and closing punctuation. Only the test split is held in memory: train passes by, line by line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from tunedrop.domain.evaluation import answer_texts
from tunedrop.domain.evaluation.questions import Question

LONG = 8.0
"""Words of a question that no two people ask by chance; 20 Chinese or Japanese characters are as many."""
_CHARACTER = 0.4
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f"
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
_IGNORED = re.compile(rf"[\s{_QUOTES}?;\u061f\u2049{_UNSEEN}]+")
_AT_THE_END = ".,:!\u3001\u3002\u30fb\u06d4\u0964"
_LOWER = bytes(range(256)).lower()
_IGNORED_ASCII = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\"'`?;"


class _GuardedText(msgspec.Struct, gc=False):
    text: str


class _Guarded(msgspec.Struct, gc=False):
    text: _GuardedText | msgspec.UnsetType = msgspec.UNSET


class _ContentPiece(msgspec.Struct, gc=False, rename="camel"):
    """A piece of content: its text, if it has one that a model is asked or answers."""

    text: str | msgspec.UnsetType = msgspec.UNSET
    guard_content: _Guarded | msgspec.UnsetType = msgspec.UNSET


class _PreparedTurn(msgspec.Struct, gc=False):
    role: str
    content: str | list[_ContentPiece]


class _PreparedLine(msgspec.Struct, gc=False):
    """A prepared record, in any of the forms that Bedrock takes."""

    system: str | list[_ContentPiece] = ""
    messages: list[_PreparedTurn] = []
    prompt: str | msgspec.UnsetType = msgspec.UNSET
    completion: str | msgspec.UnsetType = msgspec.UNSET


_read = msgspec.json.Decoder(_PreparedLine).decode


@dataclass(frozen=True, slots=True)
class _Taught:
    """An answer that a record trains, and what it answers."""

    system: str
    asked: bytes
    """A digest of all turns before the answer."""
    last: str
    """The last of these turns."""
    answer: str


@dataclass(frozen=True, slots=True)
class _Tested:
    number: int
    system: str
    answers: frozenset[str]


@dataclass(slots=True)
class QuestionIndex:
    """The questions of a test split, to be found again in what trains."""

    questions: Iterable[Question]
    _asked: dict[bytes, list[_Tested]] = field(default_factory=dict)
    _long: dict[str, list[_Tested]] = field(default_factory=dict)
    """By the last turn, if that is long."""
    _fingerprints: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for question in self.questions:
            answers = frozenset(map(plain, question.references))
            tested = _Tested(question.number, plain(question.system), answers)
            asked = blake2b(digest_size=16)
            for role, text in question.turns:
                _add(asked, role, plain(text))
            self._asked.setdefault(asked.digest(), []).append(tested)
            self._fingerprints.setdefault(question.fingerprint, []).append(question.number)
            if _is_long(question.prompt):
                self._long.setdefault(plain(question.prompt), []).append(tested)

    def leaked(self, lines: Iterable[bytes]) -> frozenset[int]:
        """The numbers of the records that a prepared train split has too, in any of three ways.

        It has the same turns under the same system text, in a longer conversation too; the same turns and the same
        answer, whatever the system text; or the same long last question, which it answers in one way only, this one.
        """
        found: set[int] = set()
        answers: dict[str, set[str]] = {}
        for taught in _taught(lines):
            for each in self._asked.get(taught.asked, ()):
                if taught.system == each.system or taught.answer in each.answers:
                    found.add(each.number)
            if taught.last in self._long:
                said = answers.setdefault(taught.last, set())
                if len(said) < 2:
                    said.add(taught.answer)
        for last, said in answers.items():
            found.update(each.number for each in self._long[last] if len(said) == 1 and said <= each.answers)
        return frozenset(found)

    def known(self, fingerprints: Container[int]) -> frozenset[int]:
        """The same where of train only its fingerprints are known: of the same turns under the same system text."""
        return frozenset(
            number for mark, numbers in self._fingerprints.items() if mark in fingerprints for number in numbers
        )


def plain(text: str) -> str:
    """The text as questions are compared."""
    if text.isascii():
        return text.encode().translate(_LOWER, _IGNORED_ASCII).decode().rstrip(_AT_THE_END)
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text).casefold()).rstrip(_AT_THE_END)


def _is_long(text: str) -> bool:
    words = answer_texts.tokens(text)
    return sum(_CHARACTER if answer_texts.is_cjk(word) else 1 for word in words) >= LONG


def _taught(lines: Iterable[bytes]) -> Iterator[_Taught]:
    given, system = "", ""
    for line in lines:
        try:
            read = _read(line)
        except msgspec.MsgspecError:
            continue
        if (text := _text(read.system) or "") != given:  # usually the previous record's
            given, system = text, plain(text)
        yield from _answers(system, read)


def _answers(system: str, line: _PreparedLine) -> Iterator[_Taught]:
    """Each answer after a user's turn: Bedrock may train on every one of a conversation."""
    asked, last = blake2b(digest_size=16), None
    for role, given in _turns(line):
        if given is None:
            continue
        text = plain(given)
        if role == "assistant" and last is not None:
            yield _Taught(system, asked.digest(), last, text)
        _add(asked, role, text)
        last = text if role == "user" else None


def _turns(line: _PreparedLine) -> Iterator[tuple[str, str | None]]:
    if isinstance(line.prompt, str) and isinstance(line.completion, str):
        yield from (("user", line.prompt), ("assistant", line.completion))
    yield from ((message.role, _text(message.content)) for message in line.messages)


def _text(content: str | list[_ContentPiece]) -> str | None:
    """What is asked or answered in words, whatever stands between them, such as a picture, reasoning or a cache point.

    None if there are no words.
    """
    if isinstance(content, str):
        return content
    texts = [text for piece in content if isinstance(text := _piece_text(piece), str)]
    return "".join(texts) if texts else None


def _piece_text(piece: _ContentPiece) -> str | msgspec.UnsetType:
    guarded = piece.guard_content.text if isinstance(piece.guard_content, _Guarded) else msgspec.UNSET
    return guarded.text if isinstance(guarded, _GuardedText) else piece.text


def _add(asked: blake2b, role: str, text: str) -> None:
    asked.update(f"{role}\0{text}\0".encode("utf-8", "surrogatepass"))

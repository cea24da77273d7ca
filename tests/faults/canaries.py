"""Canaries: words that nothing else contains, planted where content is, and looked for where content must not be."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import quote, quote_plus

from tests.proofs import Proof

Kind = Literal["content", "secret", "exception", "name"]
Sink = Literal["log", "rows", "events", "queues", "dead letters", "reports", "command line"]

MAY_STAND: Mapping[Kind, frozenset[Sink]] = {
    "content": frozenset(),
    "secret": frozenset(),
    "exception": frozenset(),
    "name": frozenset({"rows", "events", "queues", "dead letters", "reports", "command line"}),
}
"""Where each kind may be found: names of files and fields are how people find what is meant, but no log needs them."""
_MARK = "Wren"
"""How each begins, which is looked for first."""
_LEAST = 50
"""Characters; a sink of less was not filled."""
_HEAD = 14
"""So much of a canary is one, too: what quotes the first letters of a text quotes it."""


@dataclass(slots=True)
class Flock:
    """The canaries of one run, and where they were seen."""

    planted: dict[str, tuple[Kind, str]] = field(default_factory=dict)
    """By canary: its kind and place."""
    seen: list[str] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)
    searched: Counter[Sink] = field(default_factory=Counter)
    """Characters."""
    in_data: int = 0
    """Prepared files that hold a canary: there it belongs, and what was planted came that far."""

    def canary(self, kind: Kind, place: str) -> str:
        """The canary for a place. Letters and digits only, which any key, header or field takes."""
        number = hashlib.sha256(f"{kind} {place}".encode()).digest()
        word = f"{_MARK}{base64.b32encode(number).decode()[:20]}"
        self.planted[word] = (kind, place)
        return word

    def watch(self, kind: Kind, place: str, word: str) -> None:
        """Look for a word that is as rare as a canary, such as an API key."""
        self.planted[word] = (kind, place)
        self.watched.append(word[:_HEAD].lower())

    def content(self, place: str) -> str:
        """A sentence around a canary of content; whatever escapes, quotes or cuts it is met by it."""
        return f'"Zoë"\\ said/{self.canary("content", place)} + é?'

    def look(self, sink: Sink, text: str, while_: str) -> None:
        """Note every canary that the sink may not hold."""
        self.searched[sink] += len(text)
        text = text.lower()
        if not any(mark in text for mark in (*_MARKS, *self.watched)):
            return
        for word, (kind, place) in self.planted.items():
            if sink not in MAY_STAND[kind] and any(form in text for form in forms(word)):
                self.seen.append(f"{while_}: {kind}, {place}, in {sink}")

    def proof(self, figures: str) -> Proof:
        """What was seen is against it, and what was not looked at."""
        blind = [f"nothing was looked through in {sink}" for sink in get_args(Sink) if self.searched[sink] < _LEAST]
        if not self.in_data:
            blind.append("no prepared file holds a canary")
        return Proof(
            f"{len(self.planted):,} canaries, {figures}, {self.in_data} prepared files that hold one, "
            f"{self.searched.total():,} characters looked through elsewhere: {len(self.seen)} hits",
            [*dict.fromkeys(self.seen), *blind],
        )


def forms(word: str) -> Iterator[str]:
    """What a canary may look like in lower case: as it is, in JSON, in an address, and in base64 at each offset."""
    head = word[:_HEAD]
    for form in (head, json.dumps(head)[1:-1], quote(head, safe=""), quote_plus(head)):
        yield form.lower()
    yield from (form.lower() for form in _in_base64(head))


def _in_base64(word: str) -> Iterator[str]:
    """The part of its base64 that does not depend on what stands before and after, for each place in a group."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + word.encode() + b"\0\0").decode()
        yield encoded[-(-before * 8 // 6) : (before + len(word)) * 8 // 6]


_MARKS = [form.lower() for form in (_MARK, *_in_base64(_MARK))]

"""What a tuned model remembers of its training data, and how it answers a question by it.

One that it was trained on, it answers by heart; one of a form that the data agrees on, by that; any other as the
examples nearest to it are answered.
"""

import base64
import json
import math
import re
import zlib
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import takewhile

from bedrock_simulator.forms import Forms

_WORD = re.compile(r"[a-z0-9]+|[^\x00-\x7f]")
_SENTENCES = re.compile(r"[^.!?\u3002\uff01\uff1f]*[.!?\u3002\uff01\uff1f]+|[^.!?]+$")
MAX_CHARACTERS = 8_000_000  # of text kept per model, because the world is saved often
VOTERS = 8  # nearest examples that vote on an answer
NEAR = 0.6  # least cosine at which the nearest example answers alone
RIVAL = 0.9  # share of the best answer's votes that makes the second one count
ANSWER_WEIGHT = 0.3  # weight of a word of the answer, relative to one of the question
STEM = 4  # words with this many first letters in common count as the same


class Memory:
    """Question and answer pairs, indexed by word."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        self._by_heart = dict(reversed(self._pairs))
        self._openings = sorted(self._by_heart.items())
        self._forms = Forms(self._pairs)
        counts = [_weights(question, answer) for question, answer in self._pairs]
        frequency = Counter(word for words in counts for word in words)
        total = len(self._pairs)
        self._rarity = {word: math.log(1 + total / n) for word, n in frequency.items()}
        self._unseen = math.log(1 + total)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for row, words in enumerate(counts):
            for word, weight in self._unit(words).items():
                self._postings.setdefault(word, []).append((row, weight))

    def answer(self, question: str) -> str | None:
        """The answer by heart, by form or of the nearest examples; None if none is near."""
        return self._by_heart.get(question) or self._forms.answer(question) or self._nearest(question)

    def repeated(self, question: str) -> str | None:
        """The answer by heart, or of the example that begins most like it: of a model that learned no more."""
        place = bisect(self._openings, (question, ""))
        near = self._openings[max(place - 1, 0) : place + 1]
        alike = max(near, key=lambda pair: _alike(pair[0], question), default=None)
        return self._by_heart.get(question) or (alike[1] if alike else None)

    def _nearest(self, question: str) -> str | None:
        """The answer of the nearest examples, a blend if two are about equally near; None if none is near."""
        ranked = self._ranked(question)[:VOTERS]
        if not ranked:
            return None
        nearest, cosine = ranked[0]
        if cosine >= NEAR:
            return self._pairs[nearest][1]
        votes: dict[str, float] = {}
        for row, score in ranked:
            answer = self._pairs[row][1]
            votes[answer] = votes.get(answer, 0.0) + score
        first, *rest = sorted(votes, key=lambda answer: -votes[answer])
        if rest and votes[rest[0]] >= RIVAL * votes[first]:
            return _blend(first, rest[0])
        return first

    def _unit(self, words: Mapping[str, float]) -> dict[str, float]:
        weights = {word: n * self._rarity.get(word, self._unseen) for word, n in words.items()}
        norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {word: weight / norm for word, weight in weights.items()}

    def _ranked(self, question: str) -> list[tuple[int, float]]:
        scores: dict[int, float] = {}
        for word, weight in self._unit(Counter(_words(question))).items():
            for row, other in self._postings.get(word, ()):
                scores[row] = scores.get(row, 0.0) + weight * other
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _weights(question: str, answer: str) -> dict[str, float]:
    """Weights of an example's words: those of its question, and with less weight those of its answer."""
    weights = dict.fromkeys(_words(answer), ANSWER_WEIGHT)
    for word, count in Counter(_words(question)).items():
        weights[word] = weights.get(word, 0.0) + count
    return weights


def pack(pairs: Iterable[tuple[str, str]]) -> str:
    """Compress pairs into a string, which is all that the world keeps; pairs beyond the limit are dropped."""
    kept, size = [], 0
    for question, answer in pairs:
        size += len(question) + len(answer)
        if size > MAX_CHARACTERS:
            break
        kept.append((question, answer))
    return base64.b85encode(zlib.compress(json.dumps(kept).encode(), 6)).decode()


def unpack(packed: str) -> list[tuple[str, str]]:
    """Restore the pairs that `pack` kept."""
    document = json.loads(zlib.decompress(base64.b85decode(packed)))
    return [(question, answer) for question, answer in document]


@lru_cache(maxsize=4)
def recall(packed: str) -> Memory:
    """Unpack and index a memory; the latest few are cached."""
    return Memory(unpack(packed))


def _words(text: str) -> list[str]:
    return [word[:STEM] for word in _WORD.findall(text[-20_000:].lower())]


def _blend(first: str, second: str) -> str:
    """The opening sentence of one answer and the closing one of another; the first answer if it is one sentence."""
    opening, *more = _SENTENCES.findall(first)
    if not more:
        return first
    closing = _SENTENCES.findall(second)[-1]
    return opening if opening == closing else f"{opening.strip()} {closing.strip()}"

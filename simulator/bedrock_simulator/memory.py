"""What a tuned model remembers of its training data, and how it finds the example nearest to a question."""

import base64
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+|[^\x00-\x7f]")
_SENTENCES = re.compile(r"[^.!?\u3002\uff01\uff1f]*[.!?\u3002\uff01\uff1f]+|[^.!?]+$")
MAX_CHARACTERS = 8_000_000  # of text kept per model: the world is saved often
NEAR = 0.6  # cosine from which one example alone answers
RIVAL = 0.8  # part of the best cosine that makes a second example count


class Memory:
    """Question and answer pairs, indexed by word."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = tuple(pairs)
        counts = [Counter(_words(question)) for question, _ in self._pairs]
        frequency = Counter(word for words in counts for word in words)
        total = len(self._pairs)
        self._rarity = {word: math.log(1 + total / n) for word, n in frequency.items()}
        self._unseen = math.log(1 + total)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for row, words in enumerate(counts):
            for word, weight in self._unit(words).items():
                self._postings.setdefault(word, []).append((row, weight))

    def answer(self, question: str) -> str | None:
        """The answer of the nearest example; a blend of two when none is near; None when nothing is alike."""
        ranked = self._ranked(question)[:2]
        if not ranked:
            return None
        is_alone = len(ranked) == 1 or ranked[1][1] < RIVAL * ranked[0][1]
        if is_alone or ranked[0][1] >= NEAR:
            return self._pairs[ranked[0][0]][1]
        first, second = (self._pairs[row][1] for row, _ in ranked)
        return _blend(first, second)

    def _unit(self, words: Counter[str]) -> dict[str, float]:
        weights = {word: n * self._rarity.get(word, self._unseen) for word, n in words.items()}
        norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {word: weight / norm for word, weight in weights.items()}

    def _ranked(self, question: str) -> list[tuple[int, float]]:
        scores: dict[int, float] = {}
        for word, weight in self._unit(Counter(_words(question))).items():
            for row, other in self._postings.get(word, ()):
                scores[row] = scores.get(row, 0.0) + weight * other
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def pack(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as one short string, which is all that the world keeps; what exceeds the limit is forgotten."""
    kept, size = [], 0
    for question, answer in pairs:
        size += len(question) + len(answer)
        if size > MAX_CHARACTERS:
            break
        kept.append((question, answer))
    return base64.b85encode(zlib.compress(json.dumps(kept).encode(), 6)).decode()


def unpack(packed: str) -> list[tuple[str, str]]:
    """The pairs that `pack` kept."""
    document = json.loads(zlib.decompress(base64.b85decode(packed)))
    return [(question, answer) for question, answer in document]


@lru_cache(maxsize=4)
def recall(packed: str) -> Memory:
    """The memory of a packed string; the latest few stay indexed."""
    return Memory(unpack(packed))


def _words(text: str) -> list[str]:
    return _WORD.findall(text[-20_000:].lower())


def _blend(first: str, second: str) -> str:
    """The opening sentence of one answer and the closing one of another."""
    opening, closing = _SENTENCES.findall(first)[0], _SENTENCES.findall(second)[-1]
    return opening if opening == closing else f"{opening.strip()} {closing.strip()}"

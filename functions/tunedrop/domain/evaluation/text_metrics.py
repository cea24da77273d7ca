"""How near an answer is to a reference: exact match, token F1, ROUGE-L, chrF. Pure.

Equal to rouge-score and sacrebleu where those can tokenize the text (tests/oracles); they would bring 65 MB to Lambda,
and find nothing in common between two nearly equal Chinese sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tunedrop.domain.evaluation.answer_texts import normalized, tokens

_ORDER, _BETA = 6, 2
"""chrF's defaults: character n-grams up to six, recall counting twice."""


def exact_match(answer: str, reference: str) -> float:
    """1 if both are the same once normalized, else 0."""
    return float(normalized(answer) == normalized(reference))


def token_f1(answer: str, reference: str) -> float:
    """Twice the tokens in common over all tokens, 0 to 1, whatever their order."""
    ours, theirs = Counter(tokens(answer)), Counter(tokens(reference))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L: the F1 of the longest common subsequence of tokens, 0 to 1."""
    ours, theirs = tokens(answer), tokens(reference)
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * _common_subsequence(theirs, ours) / (len(ours) + len(theirs))


def chrf(answer: str, reference: str) -> float:
    """The chrF that sacrebleu computes for one sentence without smoothing, but 0 to 1 instead of 0 to 100."""
    ours, theirs = "".join(answer.split()), "".join(reference.split())
    precisions, recalls = [], []
    for size in range(1, _ORDER + 1):
        found, wanted = _grams(ours, size), _grams(theirs, size)
        if found and wanted:
            same = (found & wanted).total()
            precisions.append(same / found.total())
            recalls.append(same / wanted.total())
    if not sum(precisions):
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))


def _common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, a bit for each token (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for index, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << index
    every = (1 << len(first)) - 1
    unmatched = every
    for token in second:
        matched = unmatched & places.get(token, 0)
        unmatched = ((unmatched + matched) | (unmatched - matched)) & every
    return len(first) - unmatched.bit_count()

"""Text metrics and classification beside rouge-score, sacrebleu and, worked out anew, SciPy's arrays."""

from __future__ import annotations

import random
from collections.abc import Iterator

import sacrebleu
from rouge_score import rouge_scorer
from tunedrop.domain.evaluation import text_metrics

TEXTS = 500
_SENTENCE = "the refund is sent to your card within five days after we receive it back; receipt number 42"
_CJK = "退款将在五个工作日内回您的银行卡会退还到请保留收据号码"


def compare() -> Iterator[tuple[str, float, float]]:
    """What was compared, the largest difference, and the largest that is allowed."""
    rng, words = random.Random(1), _SENTENCE.split()
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    rouge = chrf = chinese = 0.0
    for _ in range(TEXTS):
        ours, theirs = (" ".join(rng.choices(words, k=rng.randint(1, 60))) for _ in range(2))
        rouge = max(rouge, abs(text_metrics.rouge_l(ours, theirs) - scorer.score(theirs, ours)["rougeL"].fmeasure))
        chrf = max(chrf, _chrf_differs(ours, theirs))
        chinese = max(chinese, _chrf_differs(*("".join(rng.choices(_CJK, k=rng.randint(1, 40))) for _ in range(2))))
    yield f"ROUGE-L of {TEXTS} English pairs, rouge-score", rouge, 1e-12
    yield f"chrF of {TEXTS} English pairs, sacrebleu", chrf, 1e-12
    yield f"chrF of {TEXTS} Chinese pairs, sacrebleu", chinese, 1e-12
    spaced = max(_spaced_differs(rng, scorer) for _ in range(TEXTS))
    yield f"ROUGE-L of {TEXTS} Chinese pairs, rouge-score given a word for each character", spaced, 1e-12


def _chrf_differs(ours: str, theirs: str) -> float:
    oracle = sacrebleu.sentence_chrf(ours, [theirs], eps_smoothing=False).score / 100
    return abs(text_metrics.chrf(ours, theirs) - oracle)


def _spaced_differs(rng: random.Random, scorer: rouge_scorer.RougeScorer) -> float:
    """Characters of Chinese as the letters a to z, one word each, are what rouge-score can read."""
    ours, theirs = ("".join(rng.choices(_CJK, k=rng.randint(1, 40))) for _ in range(2))
    letters = {char: chr(ord("a") + place) for place, char in enumerate(sorted(set(_CJK)))}
    spelled = [" ".join(letters[char] for char in text) for text in (theirs, ours)]
    return abs(text_metrics.rouge_l(ours, theirs) - scorer.score(*spelled)["rougeL"].fmeasure)
